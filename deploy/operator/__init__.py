"""What an operator does to an installation: provision, migrate, verify, rebuild. Shows no content."""

"""The gateway: nginx in front of every service, and the small page at its root."""

"""The services of an installation, in the order in which they start: identity publishes what the others follow."""

SERVICES: tuple[str, ...] = ("identity", "points", "stories", "messaging", "moderation")

KEEP_PICTURES: frozenset[str] = frozenset({"stories"})
"""The services whose database has the pictures' table beside the log."""

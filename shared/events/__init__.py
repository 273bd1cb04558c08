"""The published language: every event of every service, declared once. Importing it fills the registry."""

from shared.events import identity, messaging, moderation, points, stories

__all__ = ["identity", "messaging", "moderation", "points", "stories"]

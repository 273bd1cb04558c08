"""`python -m services.moderation api` and `python -m services.moderation worker`."""

from shared.hosting.process import main

if __name__ == "__main__":
    main("moderation")

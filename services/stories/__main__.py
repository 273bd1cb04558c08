"""`python -m services.stories api` and `python -m services.stories worker`."""

from shared.hosting.process import main

if __name__ == "__main__":
    main("stories")

"""`python -m services.points api` and `python -m services.points worker`."""

from shared.hosting.process import main

if __name__ == "__main__":
    main("points")

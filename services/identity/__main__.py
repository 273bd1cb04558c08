"""`python -m services.identity api` and `python -m services.identity worker`."""

from shared.hosting.process import main

if __name__ == "__main__":
    main("identity")

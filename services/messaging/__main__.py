"""`python -m services.messaging api` and `python -m services.messaging worker`."""

from shared.hosting.process import main

if __name__ == "__main__":
    main("messaging")

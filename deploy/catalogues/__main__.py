"""`python -m deploy.catalogues` writes the catalogues in docs/ as the code is now (`make docs`)."""

from deploy.catalogues import asyncapi, events, refusals


def main() -> None:
    for catalogue in (asyncapi, events, refusals):
        catalogue.FILE.write_text(catalogue.rendered())


if __name__ == "__main__":
    main()

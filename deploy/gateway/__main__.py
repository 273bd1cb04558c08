"""`python -m deploy.gateway` writes the API's document and page as the code is now (`make docs`)."""

from deploy.gateway import api_page, document


def main() -> None:
    document.FILE.write_text(document.rendered())
    api_page.FILE.write_text(api_page.rendered(document.made()))


if __name__ == "__main__":
    main()

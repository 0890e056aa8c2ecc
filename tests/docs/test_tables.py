"""The pictures of the documentation are those of the code."""

from docs.tables import PAGE, page_with_tables


def test_the_tables_in_the_page_are_the_codes() -> None:
    """Whoever changes a table draws it again: `python -m docs.tables`."""
    page = PAGE.read_text("utf-8")

    assert page == page_with_tables(page)

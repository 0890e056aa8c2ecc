"""The pictures of the documentation match the code."""

from docs.tables import PAGE, page_with_tables


def test_the_tables_in_the_page_match_the_code() -> None:
    """The tables are current; `python -m docs.tables` draws them again."""
    page = PAGE.read_text("utf-8")

    assert page == page_with_tables(page)

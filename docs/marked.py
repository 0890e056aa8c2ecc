"""Places in a page of Markdown, between `<!-- name -->` and `<!-- /name -->`, that the code fills."""

from collections.abc import Callable, Mapping


def filled(page: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """Return the page with each table as the code makes it."""
    for name, table in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, rest = page.split(start)
        page = f"{before}{start}{table()}\n{end}{rest.split(end)[1]}"
    return page

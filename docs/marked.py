"""Tables in Markdown, and places in a page, between `<!-- name -->` and `<!-- /name -->`, that the code fills."""

from collections.abc import Callable, Iterable, Mapping


def filled(page: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """Return the page with each table as the code generates it."""
    for name, table in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, rest = page.split(start)
        page = f"{before}{start}{table()}\n{end}{rest.split(end)[1]}"
    return page


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table; bars in cells are escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)

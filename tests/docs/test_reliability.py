"""The table of faults is made from the results of tests."""

from docs.reliability import END, PAGE, START, Row, page_with_rows
from tests.faults.test_recovery import LOSSES
from tests.faults.test_refusals import FOR_A_WHILE, FOR_GOOD


def test_new_rows_replace_the_old_ones() -> None:
    """The rest of the page stays."""
    rows: list[Row] = [
        {"fault": "a", "heard": "b", "action": "c", "sessions": 2},
        {"fault": "d", "heard": "e", "action": "f", "sessions": None},
    ]
    page = page_with_rows(f"before\n{START}old\n{END}\nafter", rows)

    assert page.splitlines()[0] == "before"
    assert page.splitlines()[4:6] == ["| a | b | c | 2 |", "| d | e | f |  |"]
    assert page.splitlines()[-1] == "after"
    assert "old" not in page


def test_every_fault_of_the_avatar_has_a_row() -> None:
    """`make reliability` measures a new fault."""
    page = PAGE.read_text("utf-8")

    assert [name for name in (*LOSSES, *FOR_GOOD, *FOR_A_WHILE) if f"| {name} |" not in page] == []

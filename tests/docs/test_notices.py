"""The notices name every package that is shipped."""

from __future__ import annotations

from docs.notices import PAGE, REMARKS, notices


def rows(page: str) -> list[tuple[str, str, str]]:
    """Return name, versions and licence of each package."""
    cells = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return [(name, versions, licence) for name, versions, licence in cells if name not in {"package", "---"}]


def comparable(page: str) -> list[tuple[str, str, str]]:
    """Return the rows; of a package with several locked versions one is installed, whose licence text may differ."""
    return [(name, versions, "" if "," in versions else licence) for name, versions, licence in rows(page)]


def test_the_notices_match_the_packages() -> None:
    """The notices are current; `python -m docs.notices` writes them again."""
    assert comparable(PAGE.read_text("utf-8")) == comparable(notices())


def test_every_remark_is_about_a_package_that_is_shipped() -> None:
    """A remark is removed with its package."""
    page = notices()

    assert [name for name in REMARKS if f"| {name} |" not in page] == []


def test_every_package_has_a_licence() -> None:
    """A package without a licence field has a remark."""
    shipped = rows(notices())
    without = {name for name, _, licence in shipped if licence == "see above"}

    assert len(shipped) > 100
    assert without <= set(REMARKS)

"""Event ids: unique, readable in a log, and the same in every run of a test."""


class Ids:
    """A source of event ids that start with `name`, which has to be unique for each machine of a process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._minted = 0

    def mint(self, kind: str) -> str:
        """Return the next id; `kind` is the word in it that says what it is for."""
        self._minted += 1
        return f"{self._name}-{kind}-{self._minted}"

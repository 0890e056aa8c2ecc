"""Event ids: unique, readable in a log, and the same in every run of a test."""


class Ids:
    """Mints event ids that start with `name`, which is to be unique for each session of a process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._minted = 0

    def mint(self, kind: str) -> str:
        """The next id; `kind` is the word in it that tells a reader what it is for."""
        self._minted += 1
        return f"{self._name}-{kind}-{self._minted}"

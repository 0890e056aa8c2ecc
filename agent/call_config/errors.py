"""The error for a call's configuration that can't be used."""

from collections.abc import Mapping

# An error lists this many problems, and cuts field names to this many characters: a client may send any number.
_MOST_TOLD = 10
_LONGEST_NAME = 100


class CallConfigError(Exception):
    """A field can't be used.

    Args:
        problems: A sentence for each field's name, such as `limits.minutes_per_call`, without the given value; the name
            is empty if the document itself is wrong.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(self.sentences))

    @property
    def sentences(self) -> list[str]:
        """A sentence for each of the first ten problems, with the field's name: `CALL CONFIG voice: is empty`."""
        told = list(self.problems.items())[:_MOST_TOLD]
        return [f"{f'CALL CONFIG {field[:_LONGEST_NAME]}'.rstrip()}: {problem}" for field, problem in told]

    def concerns(self, name: str) -> bool:
        """Return whether the field of this name, or one inside it, is wrong; the empty name is the whole document."""
        return any(field == name or (name and field.startswith(f"{name}.")) for field in self.problems)

"""The error of a call's configuration that can't be used."""

from collections.abc import Mapping


class CallConfigError(Exception):
    """A field can't be used.

    Args:
        problems: By the name of the field, such as `limits.minutes_per_call`, a sentence without the given value; the
            name is empty where the document itself is wrong.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(self.sentences))

    @property
    def sentences(self) -> list[str]:
        """A sentence for each problem, which names the field: `CALL CONFIG voice: is empty`."""
        return [f"{f'CALL CONFIG {field}'.rstrip()}: {problem}" for field, problem in self.problems.items()]

    @property
    def fields(self) -> set[str]:
        """Names of the document's own fields that are wrong."""
        return {field.partition(".")[0] for field in self.problems}

"""All kinds of faults, and their JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from simulators.faults import avatar, calls, sockets
from simulators.vendors import VENDORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.faults.fault import Fault

AnyFault = Annotated[
    calls.Status
    | calls.Slow
    | calls.Hang
    | calls.Cut
    | calls.LoseReply
    | calls.HoldReply
    | calls.Truncate
    | calls.Omit
    | sockets.Drop
    | sockets.Close
    | sockets.HalfOpen
    | sockets.Silent
    | sockets.Lag
    | sockets.SlowReader
    | sockets.Garbage
    | sockets.Say
    | sockets.Duplicate
    | sockets.Swap
    | sockets.Torn
    | sockets.QuotaExceeded
    | avatar.Unready
    | avatar.Mute
    | avatar.Deaf
    | avatar.End
    | avatar.ErrorEvent
    | avatar.WarningEvent
    | avatar.UnknownEvent
    | avatar.ForeignEvent
    | avatar.NeverJoins
    | avatar.Leaves
    | avatar.Frozen
    | avatar.Unpublished,
    Field(discriminator="kind"),
]

KINDS: tuple[type[Fault], ...] = get_args(get_args(AnyFault)[0])

_FAULTS: TypeAdapter[tuple[AnyFault, ...]] = TypeAdapter(tuple[AnyFault, ...])


class Arming(BaseModel):
    """Body of `PUT /stand-in/faults`."""

    model_config = ConfigDict(extra="forbid")

    faults: tuple[AnyFault, ...]
    seed: int = 0


def parse_faults(faults: Sequence[object]) -> tuple[Fault, ...]:
    """Parse faults from JSON values. Raises pydantic's ValidationError."""
    return _FAULTS.validate_python(faults)


def describe_kinds() -> dict[str, dict[str, str]]:
    """Describe the kinds of each vendor, in a line for each kind."""
    return {
        vendor: {str(kind.model_fields["kind"].default): _first_line(kind) for kind in KINDS if vendor in kind.places}
        for vendor in VENDORS
    }


def _first_line(kind: type[Fault]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]

"""What every fault has in common; a fault is data, and what it does is done elsewhere."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulators.faults.places import CALLS, STREAM_MOMENTS, Places
from simulators.vendors import Vendor


class Fault(BaseModel):
    """Something that goes wrong at a stand-in.

    Attributes:
        vendor: whose stand-in.
        kind: its name in JSON.
        at: the call or the moment; None: any call, or the usual moment of its kind.
        nth: from the n-th such call or moment on, counted since it was armed, all sessions together.
        times: how often it strikes; None: every time.
        probability: of striking, each time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    places: ClassVar[Places]
    usual_moment: ClassVar[str | None] = None

    vendor: Vendor
    kind: str
    at: str | None = None
    nth: int = Field(default=1, ge=1)
    times: int | None = Field(default=1, ge=1)
    probability: float = Field(default=1.0, ge=0.0, le=1.0)

    def is_due_at(self, place: str) -> bool:
        """Whether this is its call or its moment."""
        if wanted := self.at or self.usual_moment:
            return place == wanted
        return place in self.places[self.vendor]

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        places = self.places.get(self.vendor, ())
        if not places:
            message = f"{self.vendor} has no fault of this kind; there it is for {', '.join(self.places)}"
            raise ValueError(message)
        if self.at is not None and self.at not in places:
            message = f"at must be one of {', '.join(places)}"
            raise ValueError(message)
        return self


class CallFault(Fault):
    """A fault of one call of a vendor's API; without `at`, of any."""

    places: ClassVar[Places] = CALLS


class MomentFault(Fault):
    """A fault of a conversation.

    Attributes:
        after: seconds after its moment.
    """

    after: float = Field(default=0.0, ge=0.0)


class SocketFault(MomentFault):
    """A fault of one socket or stream; a client that connects again has a sound one."""

    places: ClassVar[Places] = STREAM_MOMENTS
    usual_moment: ClassVar[str | None] = "opening"

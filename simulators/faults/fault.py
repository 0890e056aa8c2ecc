"""The base of all faults. A fault is data; other modules bring its effect about."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulators.faults.places import CALLS, STREAM_MOMENTS, Places
from simulators.vendors import Vendor


class Fault(BaseModel):
    """A fault of a stand-in.

    Attributes:
        vendor: Vendor of the stand-in.
        kind: Name of the kind in JSON.
        at: The request or the moment; None: any request, or the usual moment of its kind.
        nth: Strikes from the n-th such request or moment on, counted since it was armed, over all sessions.
        times: How often it strikes; None: every time.
        probability: Probability of striking, each time.
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
        """Return whether the fault is due at this request or moment."""
        if wanted := self.at or self.usual_moment:
            return place == wanted
        return place in self.places[self.vendor]

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        places = self.places.get(self.vendor, ())
        if not places:
            message = f"{self.vendor} has no fault of this kind; only {', '.join(self.places)}"
            raise ValueError(message)
        if self.at is not None and self.at not in places:
            message = f"at must be one of {', '.join(places)}"
            raise ValueError(message)
        return self


class CallFault(Fault):
    """A fault of one request of a vendor's API; without `at`, of any request."""

    places: ClassVar[Places] = CALLS


class MomentFault(Fault):
    """A fault of a conversation.

    Attributes:
        after: Seconds from its moment to the fault.
    """

    after: float = Field(default=0.0, ge=0.0)


class SocketFault(MomentFault):
    """A fault of one socket or stream; a client that reconnects gets one without it."""

    places: ClassVar[Places] = STREAM_MOMENTS
    usual_moment: ClassVar[str | None] = "opening"

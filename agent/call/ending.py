"""The end of a call: one sequence for every reason to end, and a deadline for each of its steps."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum

logger = logging.getLogger("agent")


class Farewell(Enum):
    """The last words of a call."""

    NONE = "nothing: the current speech is cut"
    FINISH = "the rest of the current speech"
    GOODBYE = "the persona's goodbye"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the end.

    Attributes:
        name: For the log.
        run: Carries it out.
        deadline: Seconds after which the next step begins even if this one is not done.
    """

    name: str
    run: Callable[[], Awaitable[object]]
    deadline: float


class Ending:
    """The end of a call, which happens once, for the first reason.

    Every call ends here: when its caller left, at a limit, by a request or a tool, when the worker ends, or when the
    session failed. A step that fails or hangs is logged and abandoned, so that each later step, among them the one that
    stops the paid session, begins no later than the sum of the deadlines before it.

    Args:
        steps: Makes the steps for a farewell, in their order.
        on_begin: Called at once when the end begins.
        on_end: Called with the reason when all steps are over.

    Attributes:
        reason: Why the call ends; empty until it does.
    """

    def __init__(
        self,
        steps: Callable[[Farewell], Sequence[Step]],
        *,
        on_begin: Callable[[], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._steps = steps
        self._on_begin = on_begin
        self._on_end = on_end
        self._running: asyncio.Task[None] | None = None
        self.reason = ""

    @property
    def has_begun(self) -> bool:
        """Whether the call is ending, or has ended."""
        return self._running is not None

    def begin(self, reason: str, farewell: Farewell = Farewell.NONE) -> None:
        """Begin to end the call; no-op if the call is already ending.

        Args:
            reason: For the log and for LiveKit.
            farewell: What the caller hears first.
        """
        if self._running is None:
            self.reason = reason
            logger.info("the call ends", extra={"reason": reason, "farewell": farewell.name.lower()})
            self._running = asyncio.create_task(self._run(reason, farewell), name="call_end")
            self._on_begin()

    async def wait(self) -> None:
        """Return when the call has ended; it must have begun to end."""
        if self._running is not None:
            await asyncio.shield(self._running)

    async def _run(self, reason: str, farewell: Farewell) -> None:
        try:
            await run_steps(self._steps(farewell))
        finally:
            self._on_end(reason)


async def run_steps(steps: Sequence[Step]) -> None:
    """Carry out steps one after the other, each for as long as its deadline allows."""
    for step in steps:
        task = asyncio.ensure_future(step.run())
        await asyncio.wait({task}, timeout=step.deadline)
        if not task.done():
            # Not awaited, since a step that hangs may ignore its cancellation as well.
            task.cancel()
            logger.error(
                "a step of the call's end did not finish in time",
                extra={"step": step.name, "deadline": step.deadline},
            )
        elif not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a step of the call's end failed", extra={"step": step.name}, exc_info=error)

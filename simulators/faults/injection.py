"""The faults of one vendor's application: its plan, and clients that are left without an answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from simulators.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from simulators.faults.plan import FaultPlan
    from simulators.vendors import Vendor

# Seconds between two checks: aiohttp 3 does not notify a handler when its client is gone.
POLL_SECONDS = 0.05

AFault = TypeVar("AFault", bound=Fault)
Result = TypeVar("Result")


class Injection:
    """Checks the plan at every occasion.

    Args:
        plan: The plan, shared with the other vendors.
        vendor: Vendor of this application.
    """

    def __init__(self, plan: FaultPlan, vendor: Vendor) -> None:
        self.plan = plan
        self.vendor = vendor
        self._is_over = False
        self._under_way: set[asyncio.Future[Any]] = set()

    def strike(self, place: str, family: type[AFault]) -> list[AFault]:
        """Return the faults of this family that strike at this request or moment."""
        return self.plan.strike(self.vendor, place, family, now=time.time())

    def spawn(self, work: Awaitable[Result]) -> asyncio.Future[Result]:
        """Run something in the background, until the stand-in ends."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def hold(self, request: web.BaseRequest) -> None:
        """Leave a client without an answer until it gives up, or until the stand-in ends and cuts it off."""
        while request.transport is not None and not self._is_over:  # noqa: ASYNC110 - see POLL_SECONDS
            await asyncio.sleep(POLL_SECONDS)
        cut(request)

    async def release(self, _app: web.Application) -> None:
        """Cut off waiting clients, and cancel background tasks."""
        self._is_over = True
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


INJECTION = web.AppKey("injection", Injection)


def cut(request: web.BaseRequest) -> None:
    """Reset the connection."""
    if isinstance(request.transport, asyncio.WriteTransport):
        request.transport.abort()

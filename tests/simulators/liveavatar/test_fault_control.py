"""The control endpoint of the faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulators.faults.calls import Status
from simulators.liveavatar import Habits, Options
from tests.simulators.liveavatar.client import LITE

if TYPE_CHECKING:
    from tests.simulators.liveavatar.client import StandIn
    from tests.simulators.liveavatar.conftest import Serve

UNAVAILABLE = {"vendor": "liveavatar", "kind": "status", "at": "token", "status": 503, "times": 2}


async def control(stand_in: StandIn, method: str, body: object = None) -> tuple[int, Any]:
    """Send a request to the endpoint, and return status and answer."""
    async with stand_in.http.request(method, f"{stand_in.url}/stand-in/faults", json=body) as response:
        return response.status, await response.json()


async def test_faults_are_armed_counted_and_disarmed(stand_in: StandIn) -> None:
    """Armed faults are listed as they were sent, with their counts and times."""
    status, armed = await control(stand_in, "PUT", {"faults": [UNAVAILABLE], "seed": 7})
    assert (status, armed) == (200, {"seed": 7, "faults": [{"fault": UNAVAILABLE, "struck": 0, "struck_at": []}]})

    assert (await stand_in.post("/v1/sessions/token", LITE)).status == 503
    _, struck = await control(stand_in, "GET")
    assert struck["faults"][0]["struck"] == len(struck["faults"][0]["struck_at"]) == 1

    assert (await control(stand_in, "DELETE")) == (200, {"seed": 0, "faults": []})
    assert (await stand_in.post("/v1/sessions/token", LITE)).status == 200


async def test_arming_replaces_the_armed_faults(serve: Serve) -> None:
    """The endpoint and the test that started the stand-in share one plan."""
    stand_in = await serve(Options(habits=Habits.fast()), Status(vendor="liveavatar", at="token", status=500))
    await control(stand_in, "PUT", {"faults": [UNAVAILABLE]})

    assert (await stand_in.post("/v1/sessions/token", LITE)).status == 503
    assert [armed.fault.at for armed in stand_in.plan.armed] == ["token"]


@pytest.mark.parametrize(
    "body", [None, {"faults": [{"vendor": "liveavatar", "kind": "earthquake"}]}, {"faults": [], "sead": 1}, ["faults"]]
)
async def test_unknown_fault_is_answered_with_the_list_of_faults(stand_in: StandIn, body: object) -> None:
    """A 422 has the error and the list; the armed faults stay armed."""
    await control(stand_in, "PUT", {"faults": [UNAVAILABLE]})
    status, answer = await control(stand_in, "PUT", body)

    assert (status, answer["kinds"]) == (422, (await stand_in.get("/stand-in/faults/kinds")).body)
    assert answer["detail"]
    assert "half_open" in answer["kinds"]["liveavatar"]
    assert len(stand_in.plan.armed) == 1

"""The recording of a room, against a fake LiveKit, as no egress service is available."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from livekit import api

from agent.reports.egress import RoomRecording, request
from agent.reports.report import Recording
from agent.settings.aws import BucketAccess

OF_ENVIRONMENT = BucketAccess("a-key", "a-secret", "", "eu-west-1", "")
NO_KEY = BucketAccess("", "", "", "", "http://minio:9000")


class Egress:
    """LiveKit's egress API.

    Attributes:
        started: Requests to start a recording.
        stopped: Ids of stopped recordings.
    """

    def __init__(self, failure: Exception | None = None, *, hangs: bool = False) -> None:
        self.started: list[api.RoomCompositeEgressRequest] = []
        self.stopped: list[str] = []
        self._failure = failure
        self._hangs = hangs

    async def start_room_composite_egress(self, start: api.RoomCompositeEgressRequest, /) -> api.EgressInfo:
        self.started.append(start)
        if self._hangs:
            await asyncio.Event().wait()
        if self._failure is not None:
            raise self._failure
        return api.EgressInfo(egress_id="EG_1")

    async def stop_egress(self, stop: api.StopEgressRequest, /) -> api.EgressInfo:
        self.stopped.append(stop.egress_id)
        if self._failure is not None:
            raise self._failure
        return api.EgressInfo()


class Told:
    """The callbacks of a recording.

    Attributes:
        recordings: Recordings that were started.
        problems: Sentences for the report.
    """

    def __init__(self) -> None:
        self.recordings: list[Recording] = []
        self.problems: list[str] = []


def recording(egress: Egress, told: Told) -> RoomRecording:
    """Make a recording that is not started."""
    return RoomRecording(
        egress,
        OF_ENVIRONMENT,
        "s3://calls/of/mine",
        on_started=told.recordings.append,
        on_failed=told.problems.append,
    )


def test_a_room_is_recorded_into_one_file_in_the_bucket() -> None:
    """The request has the environment's key, which the egress service needs to write the file."""
    asked = request(OF_ENVIRONMENT, "s3://calls/of/mine", "a-room", "2026/a-room.mp4")
    (file,) = asked.file_outputs

    assert (asked.room_name, file.filepath) == ("a-room", "of/mine/2026/a-room.mp4")
    assert (file.s3.bucket, file.s3.access_key, file.s3.secret, file.s3.region) == (
        "calls",
        "a-key",
        "a-secret",
        "eu-west-1",
    )
    assert not file.s3.force_path_style


def test_another_service_than_aws_has_its_endpoint() -> None:
    """The bucket is part of the path; without a key here the egress service uses its own."""
    (file,) = request(NO_KEY, "s3://calls", "a-room", "a-room.mp4").file_outputs

    assert (file.filepath, file.s3.endpoint, file.s3.force_path_style) == ("a-room.mp4", "http://minio:9000", True)
    assert file.s3.access_key == ""


async def test_a_recording_is_started_and_stopped() -> None:
    """The report has its address."""
    egress, told = Egress(), Told()
    made = recording(egress, told)
    made.start("a-room", "2026/a-room")
    async with asyncio.timeout(5):
        while not told.recordings:  # noqa: ASYNC110 - it starts in the background
            await asyncio.sleep(0)
    await made.stop()

    assert told.recordings == [Recording(egress_id="EG_1", location="s3://calls/of/mine/2026/a-room.mp4")]
    assert egress.stopped == ["EG_1"]
    assert told.problems == []


@pytest.mark.parametrize(
    "failure", [aiohttp.ClientConnectionError(), TimeoutError(), api.TwirpError("unavailable", "no", status=503)]
)
async def test_a_recording_that_cannot_start_is_a_note(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged as well, and there is nothing to stop."""
    egress, told = Egress(failure), Told()
    made = recording(egress, told)
    made.start("a-room", "a-room")
    async with asyncio.timeout(5):
        while not told.problems:  # noqa: ASYNC110 - it starts in the background
            await asyncio.sleep(0)
    await made.stop()

    assert "could not be started" in told.problems[0]
    assert [record.message for record in caplog.records] == ["the call is not recorded"]
    assert (egress.stopped, told.recordings) == ([], [])


async def test_a_start_that_hangs_does_not_hold_up_the_end() -> None:
    """LiveKit answers late, as a server without an egress service does: after seconds."""
    egress, told = Egress(hangs=True), Told()
    made = recording(egress, told)
    made.start("a-room", "a-room")
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await made.stop()

    assert len(egress.started) == 1
    assert told.recordings == []
    assert "could not be started" in told.problems[0]


async def test_a_stop_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """LiveKit ends the recording with its room."""
    egress: Any = Egress(aiohttp.ClientConnectionError())
    made = recording(egress, Told())
    made._egress_id = "EG_1"
    await made.stop()

    assert egress.stopped == ["EG_1"]
    assert [record.message for record in caplog.records] == ["the recording ends with the room"]

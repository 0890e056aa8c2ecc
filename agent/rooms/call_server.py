"""The worker, which can also start jobs itself, without LiveKit's dispatch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit.agents import AgentServer, utils
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.protocol import agent, models

from avatar import HostedRoom


class FullError(Exception):
    """The worker takes no more calls: it drains, is not up, or the machine is too busy."""


class CallServer(AgentServer):
    """LiveKit's worker, and what it needs to start jobs itself with `unregistered=True`."""

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a place for one more call, from now until its job has a process.

        The framework counts the place as load, so that callers who come at the same time don't get the same one.

        Raises:
            FullError: There is no place.
        """
        if self._closed:
            raise FullError
        await self._refresh_worker_load()
        # No await from here to the reservation: two callers would both find the last place free.
        if not self._is_available():
            raise FullError
        self._reserved_slots += 1
        try:
            yield
        finally:
            self._reserved_slots -= 1

    async def join(self, room: HostedRoom) -> None:
        """Start a job in a room of the service's, and return when a process has it. Call it within `slot`.

        The room is in the job's metadata, which goes from process to process and is not logged.

        Args:
            room: To join; its session runs already.

        Raises:
            RuntimeError: No process could be started.
        """
        job = agent.Job(
            id=utils.shortuuid("job-"),
            type=agent.JobType.JT_ROOM,
            room=models.Room(name=room.name),
            metadata=room.to_json(),
        )
        info = RunningJobInfo(
            accept_arguments=JobAcceptArguments(name="", identity=room.agent, metadata=""),
            job=job,
            # With an address in LiveKit's cloud the framework prepares to send traces there, for which it wants keys of
            # that project; the job has the address from its metadata, and sets it before it connects.
            url="",
            token=room.agent_token,
            worker_id=self.id,
            fake_job=False,
        )
        # A drain waits for these tasks before it looks which jobs run.
        launching = asyncio.create_task(self._proc_pool.launch_job(info), name="hosted_job")
        self._job_lifecycle_tasks.add(launching)
        launching.add_done_callback(self._job_lifecycle_tasks.discard)
        await asyncio.shield(launching)

    async def _queue_msg(self, msg: agent.WorkerMessage) -> None:
        # Without a connection nothing reads the queue: when it is full, the end of a job would wait for ever.
        if self._conn_task is not None:
            await super()._queue_msg(msg)

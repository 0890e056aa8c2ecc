"""The worker: also one that LiveKit does not know, which is told itself of the rooms that it is to join."""

import asyncio

from livekit.agents import AgentServer, utils
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.protocol import agent, models

from avatar import HostedRoom


class CallServer(AgentServer):
    """LiveKit's worker, and `join`, which is for one that runs with `unregistered=True`."""

    async def may_take_call(self) -> bool:
        """Whether there is room for one more: it is up, does not drain, and the machine is not too busy."""
        if self._closed:
            return False
        await self._refresh_worker_load()
        return self._is_available()

    async def join(self, room: HostedRoom) -> None:
        """Start a job in a room of the service's; returns when a process has it.

        The room is in the job's metadata, which goes from process to process and is not logged.

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
        # Among those that a drain waits for, before it looks which jobs run.
        launching = asyncio.create_task(self._launch(info), name="hosted_job")
        self._job_lifecycle_tasks.add(launching)
        launching.add_done_callback(self._job_lifecycle_tasks.discard)
        await asyncio.shield(launching)

    async def _launch(self, info: RunningJobInfo) -> None:
        self._reserved_slots += 1
        try:
            await self._proc_pool.launch_job(info)
        finally:
            self._reserved_slots -= 1

    async def _queue_msg(self, msg: agent.WorkerMessage) -> None:
        # Without a connection nobody reads the queue: when it is full, the end of a job would wait for ever.
        if self._conn_task is not None:
            await super()._queue_msg(msg)

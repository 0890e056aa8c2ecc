"""The worker: also one that LiveKit does not know, which is told itself of the rooms that it is to join."""

from livekit.agents import utils
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.protocol import agent, models

from agent.framework import JobServer
from avatar import HostedRoom


class CallServer(JobServer):
    """LiveKit's worker, and `join`, which is for one that runs with `unregistered=True`."""

    async def may_take_call(self) -> bool:
        """Whether there is room for one more: it is up, does not drain, and the machine is not too busy."""
        if not self.is_running:
            return False
        await self.refresh_load()
        return self.is_available

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
        await self.launch(info)

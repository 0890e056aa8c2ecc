"""The worker, which can also start jobs itself, without LiveKit's dispatch."""

from livekit.agents import utils
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.protocol import agent, models

from agent.call_config import CallConfig
from agent.call_config.given import as_metadata
from agent.framework import JobServer
from agent.rooms.slots import AccountSlots
from avatar import HostedRoom


class CallServer(JobServer):
    """LiveKit's worker, and what it needs to start jobs itself with `unregistered=True`.

    Attributes:
        slots: Those of the account; set it before `run`. None leaves them out of account.
    """

    slots: AccountSlots | None = None

    def other_load(self) -> float:
        """Return which part of the calls and of the account's slots is used, the larger one; it blocks for a moment."""
        slots = 0.0 if self.slots is None else self.slots.load()
        return max(slots, super().other_load())

    async def join(self, room: HostedRoom, config: CallConfig | None = None) -> None:
        """Start a job in a room of the service's, and return when a process has it. Call it within `slot`.

        The room is in the job's metadata, which goes from process to process and is not logged.

        Args:
            room: To join; its session runs already.
            config: Of the call; it is in the metadata of the room that the job is told of.

        Raises:
            RuntimeError: No process could be started.
        """
        job = agent.Job(
            id=utils.shortuuid("job-"),
            type=agent.JobType.JT_ROOM,
            room=models.Room(name=room.name, metadata=as_metadata(config)),
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

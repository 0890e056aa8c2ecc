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
    """LiveKit's worker, which can start jobs itself with `unregistered=True`.

    Attributes:
        slots: The account's slots; set it before `run`. None ignores them.
    """

    slots: AccountSlots | None = None

    def other_load(self) -> float:
        """Return the used share of the calls or of the account's slots, the larger one; it blocks for a moment."""
        slots = 0.0 if self.slots is None else self.slots.load()
        return max(slots, super().other_load())

    async def join(self, room: HostedRoom, config: CallConfig | None = None) -> None:
        """Start a job in a room of LiveAvatar's, and return when a process has it. Call it within `slot`.

        The room is in the job's metadata, which passes between processes and is not logged.

        Args:
            room: The room to join; its session is already running.
            config: The call's configuration; the job gets it as the room's metadata.

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

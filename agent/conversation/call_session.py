"""The agent session of a call, whose close is a request to end the call."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from livekit.agents import AgentSession

from agent.conversation.echo_gate import EchoGate
from agent.conversation.played_sound import PlayedSound
from agent.conversation.quiet_input import GainInput, QuietInput
from agent.conversation.said_words import SaidWords

if TYPE_CHECKING:
    from livekit.agents.voice.io import AudioInput


class Closer(Protocol):
    """Ends a call, and closes its session with `CallSession.close`."""

    def shut_down(self, *, drain: bool) -> None:
        """Begin to end the call; with `drain` after the current speech."""

    async def close(self) -> None:
        """End the call, and return when it has ended."""


class CallSession(AgentSession[Any]):
    """An agent session that closes when its call ends.

    The framework's job, tools and plugins close a session with `shutdown` and `aclose`. Both wait for every running
    tool without a limit, while the avatar costs money. Here both ask the closer, whose steps have deadlines.

    Attributes:
        closer: Ends the call. Without one, the session closes like any other.
    """

    closer: Closer | None = None

    def note_said_words(self, on_heard: Callable[[str], None] = lambda _: None) -> None:
        """Note the words that the caller hears, to recognise their echo. Call it before captions are synchronized.

        Args:
            on_heard: Called with each text when it is heard.
        """
        if self.output.transcription is not None:
            self.output.transcription = SaidWords(self.output.transcription, on_heard)

    def condition_input(self, *, echo_gate: bool, auto_gain_control: bool) -> None:
        """Filter the sound that the session hears. Call it when the session has its input and its output.

        Args:
            echo_gate: Whether to keep the agent's own voice out.
            auto_gain_control: Whether to make a quiet voice louder.
        """
        if self.input.audio is None:
            return
        heard: AudioInput = QuietInput(self.input.audio)
        if echo_gate and self.output.audio is not None:
            played = PlayedSound(self.output.audio)
            self.output.audio, heard = played, EchoGate(heard, played)
        self.input.audio = GainInput(heard) if auto_gain_control else heard

    def shutdown(self, *, drain: bool = True) -> None:
        """Begin to end the call; with `drain` after the current speech."""
        if self.closer is None:
            super().shutdown(drain=drain)
        else:
            self.closer.shut_down(drain=drain)

    async def aclose(self) -> None:
        """End the call, and return when it has ended."""
        await (self.close() if self.closer is None else self.closer.close())

    async def close(self) -> None:
        """Close the session itself. It waits for running tools."""
        await super().aclose()

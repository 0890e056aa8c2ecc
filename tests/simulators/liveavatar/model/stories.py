"""Random whole calls: habits, and a client's actions."""

from __future__ import annotations

import base64
from array import array
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import strategies as st

from simulators.liveavatar.model import DIALECTS, RATE_HZ, Habits
from tests.simulators.liveavatar.model.client import KEY, Client, bearer, token_request

Act = Literal["start", "stop", "open", "close", "drop", "speak", "end", "interrupt", "listen", "keep_alive"]

PERIOD = 24_001
# Neighbouring samples differ and none is silent, so that a test recognises the sound.
PATTERN = array("h", range(1, PERIOD + 1)).tobytes() * 30

habits = st.builds(
    Habits,
    start_takes=st.sampled_from([0.0, 2.5, 15.0]),
    start_takes_effect=st.sampled_from([0.0, 0.5, 1.0]),
    stop_cancels_start=st.booleans(),
    stop_of_ended=st.sampled_from([200, 404]),
    failing_starts=st.sampled_from([(), (), (), (500,)]),
    joins_after=st.sampled_from([0.0, 1.0, 3.0]),
    ready_after=st.sampled_from([0.0, 0.8, 2.0]),
    connected_after=st.sampled_from([0.8, 5.6, None]),
    tells_connected_once=st.booleans(),
    drops_early_commands=st.booleans(),
    loses_speech_before_joined=st.booleans(),
    keeps_queue=st.booleans(),
    dialect=st.sampled_from(list(DIALECTS.values())),
    echoes_event_ids=st.booleans(),
    speech_starts_after=st.sampled_from([0.0, 0.2, 0.84]),
    first_speech_starts_after=st.sampled_from([0.0, 0.0, 2.97]),
    interrupt_acknowledged_after=st.sampled_from([0.0, 0.188, 1.0]),
    interrupt_tail=st.sampled_from([0.0, 0.4, 1.0]),
    max_duration=st.sampled_from([10, 1200]),
    paid_limit=st.sampled_from(["cuts_speech", "ends"]),
    concurrency=st.sampled_from([1, 2]),
    slot_freed_after=st.sampled_from([0.0, 2.5]),
    credits=st.sampled_from([1000.0, 1000.0, 1000.0, 1.5, 0.5]),
    orphan_timeout=st.sampled_from([20.0, 200.0]),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A client's action, `after` seconds after the previous one; `size` is the number of samples of speech."""

    after: float
    act: Act
    size: int = 0


_acts: list[Act] = [
    *("speak", "speak", "speak", "speak", "end", "end", "interrupt", "interrupt", "listen", "keep_alive"),
    *("start", "stop", "open", "open", "close", "drop"),
]

steps = st.lists(
    st.builds(Step, st.sampled_from([0.0, 0.05, 0.3, 1.0, 4.0]), st.sampled_from(_acts), st.integers(1, 3 * RATE_HZ)),
    min_size=5,
    max_size=30,
)


@dataclass(slots=True)
class Story:
    """A client that carries out its steps, as far as possible.

    Attributes:
        client: the client of the model.
        sent: the speech that the service took, by session.
    """

    client: Client
    sent: dict[str, bytes] = field(default_factory=dict)
    _asked: list[tuple[int, str, Any]] = field(default_factory=list)
    _sessions: list[Any] = field(default_factory=list)
    _sockets: list[tuple[int, str]] = field(default_factory=list)
    _said: int = 0

    def play(self, steps: list[Step]) -> None:
        """Start a session and open its WebSocket, do all steps, and let everything come to its end."""
        takes = self.client.model.habits.start_takes
        for step in [Step(0.0, "start"), Step(1.0, "listen"), Step(takes + 0.1, "open"), Step(1.0, "listen"), *steps]:
            self.client.wait(step.after)
            self._learn()
            getattr(self, f"_{step.act}")(step)
        self.client.wait(60.0)

    def _learn(self) -> None:
        """Continue with the answers."""
        for asked in list(self._asked):
            number, what, created = asked
            if (reply := self.client.reply(number)) is None:
                continue
            self._asked.remove(asked)
            if what == "token" and reply.status == 200:
                headers = bearer(reply.body["data"]["session_token"])
                starting = self.client.ask("POST", "/v1/sessions/start", headers=headers)
                self._asked.append((starting, "start", reply.body["data"]))
                self._sessions.append(reply.body["data"])
            elif what == "start" and reply.status == 201:
                created.update(reply.body["data"])

    def _start(self, _step: Step) -> None:
        self._asked.append((self.client.ask("POST", "/v1/sessions/token", token_request()), "token", None))

    def _stop(self, _step: Step) -> None:
        if self._sessions:
            body = {"session_id": self._sessions[-1]["session_id"]}
            self.client.ask("POST", "/v1/sessions/stop", body, KEY)

    def _open(self, _step: Step) -> None:
        if self._sessions and "ws_url" in self._sessions[-1]:
            number = self.client.model.open_socket(self._sessions[-1]["ws_url"], self.client.now)
            self._sockets.append((number, self._sessions[-1]["session_id"]))

    def _close(self, _step: Step) -> None:
        if self._sockets:
            self.client.model.close_socket(self._sockets[-1][0], self.client.now)

    def _drop(self, step: Step) -> None:
        if self._sockets:
            self.client.model.drop_socket(self._sockets[-1][0], self.client.now, told=step.size % 2 == 0)

    def _speak(self, step: Step) -> None:
        if not self._sockets:
            return
        number, session_id = self._sockets[-1]
        start = self._said % PERIOD
        pcm = PATTERN[2 * start : 2 * (start + step.size)]
        self._said += step.size
        taken = self._received(session_id)
        self.client.send(number, "agent.speak", f"u{self._said}", audio=base64.b64encode(pcm).decode())
        if self._received(session_id) > taken:
            self.sent[session_id] = self.sent.get(session_id, b"") + pcm

    def _received(self, session_id: str) -> int:
        return sum(utterance.received_bytes for utterance in self.client.model.session(session_id).utterances)

    def _end(self, _step: Step) -> None:
        self._command("agent.speak_end")

    def _interrupt(self, _step: Step) -> None:
        self._command("agent.interrupt")

    def _listen(self, _step: Step) -> None:
        self._command("agent.start_listening")

    def _keep_alive(self, _step: Step) -> None:
        self._command("session.keep_alive")

    def _command(self, kind: str) -> None:
        if self._sockets:
            self.client.send(self._sockets[-1][0], kind, "c")


def tell(habits: Habits, steps: list[Step]) -> Story:
    """Play a call from its beginning to its end."""
    story = Story(Client(habits))
    story.play(steps)
    return story

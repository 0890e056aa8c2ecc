"""A model of a fleet of workers and one account's slots, without a clock of its own."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random


class Policy(Enum):
    """The policy for a call for which the account has no slot."""

    BLIND = "no admission by slots"
    VOICE = "by slots, overflow goes on by voice"
    WAIT = "by slots, overflow waits for a slot"
    REFUSE = "by slots, overflow is refused"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The properties of the fleet and its callers; times in seconds.

    Attributes:
        calls: Calls in total.
        burst: Calls that join within `burst_takes`.
        burst_every: Time from the start of a burst to the start of the next.
        burst_takes: Time over which the calls of a burst are spread.
        call_takes: Mean length of a call; the lengths are distributed exponentially.
        workers: Workers of the fleet.
        calls_per_worker: Calls at which a worker reports that it is full.
        idle_processes: Processes of a worker that wait for a call.
        process_start: Time until a worker has prepared another process; it prepares one at a time.
        job_start: Time from the assignment to a waiting process until the agent can speak.
        load_age: Age of the loads by which LiveKit chooses a worker.
        slots: Sessions that the account may have at once.
        session_start: Shortest and longest time from the grant of a session until the avatar is there.
        session_refusal: Time until LiveAvatar has refused a session, and the call continues by voice.
        retry_every: Time between two requests for a session by a call that has none.
        patience: Time that a call waits for a slot before it continues by voice for good.
    """

    calls: int = 1000
    burst: int = 50
    burst_every: float = 60.0
    burst_takes: float = 2.0
    call_takes: float = 300.0
    workers: int = 40
    calls_per_worker: int = 12
    idle_processes: int = 4
    process_start: float = 3.0
    job_start: float = 0.5
    load_age: float = 2.5
    slots: int = 200
    session_start: tuple[float, float] = (1.4, 3.7)
    session_refusal: float = 0.5
    retry_every: float = 5.0
    patience: float = 30.0


@dataclass(slots=True)
class Outcome:
    """The results of the calls.

    Attributes:
        first_words: Seconds from the join to the agent's first word, of each call that got an agent.
        faces: Seconds from the join to the avatar, of each call that got one.
        refused: Calls that got no agent.
        faceless: Calls that never had an avatar.
        vendor_refusals: Requests for a session that LiveAvatar refused.
        most_slots: Most slots in use at once.
        fullest: Most calls of a worker at once.
    """

    first_words: list[float] = field(default_factory=list)
    faces: list[float] = field(default_factory=list)
    refused: int = 0
    faceless: int = 0
    vendor_refusals: int = 0
    most_slots: int = 0
    fullest: int = 0


@dataclass(slots=True)
class _Call:
    joined_at: float
    ends_at: float = math.inf
    worker: int = -1
    has_slot: bool = False
    has_spoken: bool = False


class _Worker:
    def __init__(self, inputs: Inputs) -> None:
        self.calls = 0
        self.reported = 0
        self._inputs = inputs
        self._ready = [0.0] * inputs.idle_processes
        self._prepared_at = 0.0

    def take(self, now: float) -> float:
        """Take a call; return when its process has it."""
        self.calls += 1
        ready_at = max(now, heapq.heappop(self._ready))
        self._prepared_at = max(now, self._prepared_at) + self._inputs.process_start
        heapq.heappush(self._ready, self._prepared_at)
        return ready_at + self._inputs.job_start


class Fleet:
    """One run of the model.

    Args:
        inputs: The fleet's properties.
        policy: The policy for calls without a slot.
        random: Decides when callers come, how long they stay, and which worker LiveKit chooses.
    """

    def __init__(self, inputs: Inputs, policy: Policy, random: Random) -> None:
        self.outcome = Outcome()
        self._inputs = inputs
        self._policy = policy
        self._random = random
        self._workers = [_Worker(inputs) for _ in range(inputs.workers)]
        self._reported_at = -math.inf
        self._slots = 0
        self._order: Final = count()
        self._events: list[tuple[float, int, str, _Call]] = []

    def run(self) -> Outcome:
        """Let all calls come and go."""
        inputs = self._inputs
        for number in range(inputs.calls):
            start = number // inputs.burst * inputs.burst_every
            at = start + self._random.uniform(0, inputs.burst_takes)
            self._at(at, "join", _Call(at))
        while self._events:
            now, _, event, call = heapq.heappop(self._events)
            getattr(self, f"_on_{event}")(now, call)
        return self.outcome

    def _at(self, when: float, event: str, call: _Call) -> None:
        heapq.heappush(self._events, (when, next(self._order), event, call))

    def _on_join(self, now: float, call: _Call) -> None:
        is_full = self._policy is Policy.REFUSE and self._slots >= self._inputs.slots
        worker = None if is_full else self._choose(now)
        if worker is None:
            self.outcome.refused += 1
            return
        if self._policy is Policy.REFUSE:
            self._take_slot(call)
        call.worker = worker
        begins_at = self._workers[worker].take(now)
        self.outcome.fullest = max(self.outcome.fullest, self._workers[worker].calls)
        call.ends_at = begins_at + self._random.expovariate(1 / self._inputs.call_takes)
        self._at(begins_at, "ask", call)
        self._at(call.ends_at, "end", call)

    def _on_ask(self, now: float, call: _Call) -> None:
        """Ask for a session: the account's count of slots or, without admission, LiveAvatar itself."""
        if now >= call.ends_at:
            return
        if call.has_slot or self._slots < self._inputs.slots:
            self._show(now, call)
        else:
            self._go_without(now, call)

    def _on_end(self, _: float, call: _Call) -> None:
        self._workers[call.worker].calls -= 1
        self._slots -= call.has_slot
        self.outcome.faceless += not call.has_slot

    def _show(self, now: float, call: _Call) -> None:
        if not call.has_slot:
            self._take_slot(call)
        there_at = now + self._random.uniform(*self._inputs.session_start)
        self.outcome.faces.append(there_at - call.joined_at)
        self._speak(there_at, call)

    def _go_without(self, now: float, call: _Call) -> None:
        is_blind = self._policy is Policy.BLIND
        self.outcome.vendor_refusals += is_blind
        self._speak(now + is_blind * self._inputs.session_refusal, call)
        waited = now - call.joined_at
        if self._policy is not Policy.WAIT or waited < self._inputs.patience:
            self._at(now + self._inputs.retry_every, "ask", call)

    def _take_slot(self, call: _Call) -> None:
        call.has_slot = True
        self._slots += 1
        self.outcome.most_slots = max(self.outcome.most_slots, self._slots)

    def _speak(self, at: float, call: _Call) -> None:
        if not call.has_spoken:
            call.has_spoken = True
            self.outcome.first_words.append(at - call.joined_at)

    def _choose(self, now: float) -> int | None:
        """Choose a worker at random, weighted by the free capacity that the workers have last reported.

        As livekit-server does: `selectWorkerWeightedByLoad` in pkg/service/agentservice.go.
        """
        if now - self._reported_at >= self._inputs.load_age:
            self._reported_at = now
            for worker in self._workers:
                worker.reported = worker.calls
        rooms = [max(0, self._inputs.calls_per_worker - worker.reported) for worker in self._workers]
        if not any(rooms):
            return None
        return self._random.choices(range(len(rooms)), rooms)[0]

"""A simulated call whose avatar follows the budget's decisions."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.call.budget import Budget, Decision, End, Engage, Limits, Release

# An action's name, and its value: seconds, or a credit balance.
Action = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Moment:
    """A decision, and the state of the call when it was made."""

    at: float
    decision: Decision
    call: float
    agent: bool
    idle: float


@dataclass
class World:
    """A call whose avatar follows the budget's decisions, measured as `BudgetEnforcer` measures it."""

    limits: Limits
    now: float = 100.0
    call: float = 0.0
    day: float = 0.0
    credits_left: float = 20.0
    agent: bool = False
    user: bool = False
    seen: bool = True
    used_at: float = 100.0
    is_engaged: bool = True
    is_lost: bool = False
    moments: list[Moment] = field(default_factory=list)
    # Deadlines that were not later than the time-out before them.
    late: list[float] = field(default_factory=list)
    # The longest that the avatar ran on after a limit of the day or the account, in seconds.
    overdue: float = 0.0
    _over_since: float | None = None

    def __post_init__(self) -> None:
        self.budget = Budget(self.limits, self.now)

    def act(self, action: Action) -> None:
        """Carry out one action of a story."""
        name, value = action
        match name:
            case "run":
                self.run(value)
            case "answer" | "stop":
                self.hear(agent=name == "answer", user=self.user)
            case "noise" | "quiet":
                self.hear(agent=self.agent, user=name == "noise")
            case "word":
                self.use()
            case "screen off" | "screen on":
                self.see(seen=name == "screen on")
            case "lose" | "find":
                self.is_lost = name == "lose"
            case "others use":
                self.day += value
            case "midnight":
                self.day = value
            case "credits":
                self.credits_left = value
        self._look()

    def run(self, seconds: float) -> None:
        """Let time pass, from deadline to deadline."""
        end = self.now + seconds
        while (deadline := self.budget.next_timeout()) is not None and deadline <= end:
            self._pass(deadline)
            self._decide()
            following = self.budget.next_timeout()
            if following is not None and following <= self.now:
                self.late.append(following)
        self._pass(end)

    def hear(self, *, agent: bool = False, user: bool = False) -> None:
        """Set whether the agent speaks, and whether the user speaks."""
        self.agent, self.user = agent, user
        self.budget.hear(agent=agent, user=user)
        self._decide()

    def use(self) -> None:
        """Say a word, press a key or write a text."""
        self.used_at = self.now
        self.budget.use(self.now)
        self._decide()

    def see(self, *, seen: bool) -> None:
        """Let the last caller with a screen leave, or the first one join."""
        self.seen = seen
        self.budget.see(seen=seen)
        self._decide()

    def of(self, *kinds: type[Decision]) -> list[Moment]:
        """Return the decisions of these kinds."""
        return [moment for moment in self.moments if isinstance(moment.decision, kinds)]

    def _decide(self) -> None:
        self.budget.measure(call=self.call, day=self.day, credits_left=self.credits_left)
        self.budget.handle_timeout(self.now)
        self._take()

    def _pass(self, until: float) -> None:
        if self.is_engaged and not self.is_lost:
            self.call += until - self.now
            self.day += until - self.now
        self.now = max(self.now, until)
        self._look()

    def _take(self) -> None:
        for decision in self.budget.decisions():
            self.moments.append(Moment(self.now, decision, self.call, self.agent, self.now - self.used_at))
            if isinstance(decision, Release | Engage):
                self.is_engaged = isinstance(decision, Engage)
        self._look()

    def _look(self) -> None:
        is_over = self.is_engaged and self.limits.used_up(self.day, self.credits_left) is not None
        if not is_over or self.of(End):
            self._over_since = None
        elif self._over_since is None:
            self._over_since = self.now
        else:
            self.overdue = max(self.overdue, self.now - self._over_since)

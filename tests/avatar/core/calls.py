"""Random whole calls: what the framework does, what goes wrong, and how the service behaves."""

from typing import Any

from hypothesis import strategies as st

from simulators.liveavatar.model import DRAWN_FACE_ID, FULL, SPEAK_ONLY, STATE_ONLY, TASK_IDS, WAYNE_ID, Habits
from tests.avatar.core.world import World

Action = tuple[str, float]

# Avatars to change to: another one, the first again, and one that does not exist.
AVATARS = {"another face": WAYNE_ID, "first face": DRAWN_FACE_ID, "no face": "00000000-0000-4000-8000-00000000dead"}

SECONDS = st.sampled_from([0.05, 0.3, 0.7, 1.0, 2.5])
SPEECH: st.SearchStrategy[Action] = st.one_of(
    st.tuples(st.just("say"), st.sampled_from([0.02, 0.3, 0.5, 1.3, 4.0])),
    st.tuples(st.sampled_from(["flush", "run", "run", "run"]), SECONDS),
)
BREAKS: st.SearchStrategy[Action] = st.tuples(
    st.sampled_from(["interrupt", "flush and interrupt", "pause", "resume", "user"]), SECONDS
)
TROUBLE: st.SearchStrategy[Action] = st.one_of(
    st.tuples(
        st.sampled_from(["drop", "half-open", "release", "engage", "end", "vanish", "mute", "stick", *AVATARS]), SECONDS
    ),
    st.tuples(st.sampled_from(["no net", "room away"]), st.sampled_from([0.3, 2.0, 9.0, 25.0])),
    st.tuples(st.just("run"), st.sampled_from([5.0, 12.0, 40.0])),
)
STORIES = st.lists(st.one_of(SPEECH, SPEECH, SPEECH, BREAKS, TROUBLE), max_size=25)

HABITS = st.builds(
    Habits,
    dialect=st.sampled_from([FULL, STATE_ONLY, SPEAK_ONLY, TASK_IDS]),
    start_takes=st.sampled_from([0.3, 1.4, 3.7, 15.0, 40.0]),
    failing_starts=st.sampled_from([(), (), (500,), (503, 500)]),
    connected_after=st.sampled_from([0.3, 1.2, 5.6, None]),
    tells_connected_once=st.booleans(),
    drops_early_commands=st.booleans(),
    keeps_queue=st.booleans(),
    echoes_event_ids=st.booleans(),
    speech_starts_after=st.sampled_from([0.2, 0.84]),
    first_speech_starts_after=st.sampled_from([0.43, 2.97]),
    max_duration=st.sampled_from([20, 60, 120, 1200]),
    paid_limit=st.sampled_from(["cuts_speech", "ends"]),
    concurrency=st.sampled_from([1, 2, 10]),
    concurrency_code=st.sampled_from([4032, 4003]),
    slot_freed_after=st.sampled_from([0.0, 2.5, 6.0]),
    credits=st.sampled_from([1.5, 1000.0]),
    stop_takes=st.sampled_from([0.1, 1.5]),
    interrupt_tail=st.sampled_from([0.0, 0.4]),
    hiccup_every=st.sampled_from([0, 2]),
)


def act(world: World, action: Action) -> None:
    """Carry out one action of a story."""
    name, seconds = action
    match name:
        case "say":
            world.say(seconds)
        case "run":
            world.run(seconds)
        case "flush and interrupt":
            world.flush()
            world.interrupt()
        case "flush" | "interrupt":
            getattr(world, name)()
        case "pause" | "resume" | "engage":
            world.do(name)
        case "release":
            world.do("release", "a test")
        case _ if name in AVATARS:
            world.do("change_avatar", AVATARS[name])
        case "user":
            world.do("user_speaks", speaking=True)
            world.at(seconds, lambda: world.do("user_speaks", speaking=False))
        case _:
            _trouble(world, name, seconds)


def _trouble(world: World, name: str, seconds: float) -> None:
    current = world.machine.current
    session_id = current.session_id if current is not None else None
    match name:
        case "drop" | "half-open":
            world.drop_socket(told=name == "drop")
        case "end" if session_id is not None:
            world.service.end(session_id, "SERVER_ERROR", world.now)
        case "mute" if session_id is not None:
            world.service.mute(session_id, world.now)
        case "vanish" if current is not None:
            if current.joined:  # an avatar that has left the room is not heard in it, whatever its session plays
                world.mutes.append((world.now, current.identity, True))
            world.do("avatar_left", current.identity)
        case "stick":
            world.drains = False
            world.at(seconds, lambda: setattr(world, "drains", True))
        case "no net":
            world.drop_socket()
            world.net_is_up = False
            world.at(seconds, lambda: setattr(world, "net_is_up", True))
        case "room away":
            world.do("room_changed", is_there=False)
            world.at(seconds, lambda: world.do("room_changed", is_there=True))
        case _:
            pass
    world._pump()


def tell(story: list[Action], **options: Any) -> World:
    """Play a story to its end: all segments are flushed and resumed, and the avatar is wanted."""
    world = World(**options)
    for action in story:
        act(world, action)
    world.do("resume")
    world.flush()
    world.settle(limit=300.0)
    return world


def hang_up(world: World) -> None:
    """Close the machine, and let it stop its sessions."""
    world.net_is_up = world.drains = True
    world.do("close")
    world.run(120.0)

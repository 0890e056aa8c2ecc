"""Which of the service's signs are believed, and of what they are."""

import pytest

from avatar.core.ear import Ear
from avatar.core.signs import Kind, Sign
from avatar.core.speech import Speech, Trigger

PATIENCE = 1.0


def speaking(event_id: str) -> Speech:
    """A speech that the avatar speaks."""
    speech = Speech(event_id, 0.0, 0.0)
    speech.apply(Trigger.TALKING, 0.0)
    return speech


@pytest.fixture
def deaf() -> Ear:
    """An ear after the interrupt `stop` of the speech `old`, at 1 s."""
    ear = Ear(PATIENCE)
    ear.interrupted("stop", speaking("old"), 1.0)
    return ear


def believed(ear: Ear, sign: Sign, speech: Speech | None) -> bool:
    """Whether a sign about no speech of the past is believed."""
    return ear.believes(sign, speech, 1.5, is_past=False)


def test_what_names_no_speech_is_of_the_one_that_is_there() -> None:
    """Dialects without ids are understood."""
    assert believed(Ear(PATIENCE), Sign(Kind.TALKING), speaking("new"))


def test_what_names_another_speech_is_not_believed() -> None:
    """Where the service names its speeches, and where the name is of one that is over."""
    ear, speech = Ear(PATIENCE), speaking("new")
    assert not ear.believes(Sign(Kind.QUIET, "old"), speech, 1.0, is_past=True)
    assert believed(ear, Sign(Kind.TALKING, "new"), speech)
    assert not believed(ear, Sign(Kind.QUIET, "of somebody else"), speech)


def test_a_deaf_ear_believes_only_what_names_its_speech(deaf: Ear) -> None:
    """It may be the old speech of which the service tells late."""
    speech = speaking("new")
    assert deaf.deaf_until == 1.0 + PATIENCE
    assert not believed(deaf, Sign(Kind.TALKING), speech)
    assert believed(deaf, Sign(Kind.TALKING, "new"), speech)


@pytest.mark.parametrize("source", [None, "stop", "old"])
def test_a_confirmation_ends_it(deaf: Ear, source: str | None) -> None:
    """It names the interrupt, what was dropped, or nothing."""
    deaf.cleared(Sign(Kind.CLEARED, source))

    assert deaf.deaf_until is None


def test_a_confirmation_of_something_else_does_not(deaf: Ear) -> None:
    """An earlier interrupt is no matter now."""
    deaf.cleared(Sign(Kind.CLEARED, "an earlier one"))

    assert deaf.deaf_until is not None


def test_silence_ends_it_and_is_not_the_new_speechs(deaf: Ear) -> None:
    """The service has obeyed; what follows is about the new speech."""
    speech = speaking("new")
    assert not believed(deaf, Sign(Kind.QUIET), speech)
    assert deaf.deaf_until is None
    assert believed(deaf, Sign(Kind.TALKING), speech)


def test_after_the_patience_what_was_said_last_counts(deaf: Ear) -> None:
    """The avatar has begun the new speech, and it was not believed."""
    believed(deaf, Sign(Kind.TALKING), speaking("new"))

    assert deaf.listen_again() == 1.5
    assert deaf.deaf_until is None


def test_what_was_never_spoken_needs_no_confirmation() -> None:
    """A service that confirms nothing has nothing to say of a speech that it had not begun."""
    ear = Ear(PATIENCE)
    ear.interrupted("stop", Speech("old", 0.0, 0.0), 1.0)
    assert ear.deaf_until is None

    believed(ear, Sign(Kind.APPENDED, "old"), None)
    ear.interrupted("stop", Speech("older", 0.0, 0.0), 1.0)
    assert ear.deaf_until is not None


def test_a_connection_that_is_gone_is_not_waited_for(deaf: Ear) -> None:
    """What was to come on it never comes."""
    believed(deaf, Sign(Kind.TALKING), None)
    deaf.forget()

    assert deaf.deaf_until is None
    assert deaf.listen_again() is None


@pytest.mark.parametrize(("source", "since"), [("stop", 1.5), (None, 1.5), ("of nobody", None)])
def test_what_began_before_the_confirmation_is_told_with_it(deaf: Ear, source: str | None, since: float | None) -> None:
    """The service may speak of the reply before it confirms that the old speech is gone."""
    deaf.believes(Sign(Kind.TALKING), speaking("new"), 1.5, is_past=False)

    assert deaf.cleared(Sign(Kind.CLEARED, source)) == since


def test_the_last_end_is_believed_by_a_deaf_ear_too(deaf: Ear) -> None:
    """Ends are confirmed in their order: the first is of the old speech, the second of the new one."""
    speech = speaking("new")
    deaf.ended()
    deaf.ended()

    assert not believed(deaf, Sign(Kind.COMMITTED), speech)
    assert believed(deaf, Sign(Kind.COMMITTED), speech)
    assert not believed(deaf, Sign(Kind.COMMITTED), speech)

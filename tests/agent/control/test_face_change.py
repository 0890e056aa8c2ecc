"""Each persona has its own avatar; if it isn't available, the caller reads why the present one stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from livekit import rtc

from agent.control.face_change import NOT_HERE, NOT_THERE, FaceChange
from avatar import ConfigurationError
from tests.agent.control.persona_stage import staged

if TYPE_CHECKING:
    from pathlib import Path

    from agent.control.events import FailureEvent


class Avatar(rtc.EventEmitter[Literal["avatar_rejected"]]):
    """An avatar that can change, unless it is in LiveAvatar's own room."""

    def __init__(self, *, is_hosted: bool = False) -> None:
        super().__init__()
        self.avatar_id = "first-face"
        self.names: list[str] = []
        self._is_hosted = is_hosted

    def change_avatar(self, avatar_id: str, *, name: str) -> None:
        if self._is_hosted:
            message = "not here"
            raise ConfigurationError(message)
        self.avatar_id = avatar_id
        self.names.append(name)


def changing(*, is_hosted: bool = False) -> tuple[Avatar, FaceChange, list[FailureEvent]]:
    """Return an avatar, its `FaceChange`, and the events for the caller."""
    avatar: Any = Avatar(is_hosted=is_hosted)
    told: list[FailureEvent] = []
    return avatar, FaceChange(avatar, told.append), told


def test_the_avatar_is_the_personas() -> None:
    """It gets the persona's name; an empty id and the present avatar change nothing."""
    avatar, face, told = changing()
    for avatar_id in ("", "her-face", "her-face", ""):
        face.change(avatar_id, "Mira")

    assert (avatar.avatar_id, avatar.names, told) == ("her-face", ["Mira"], [])


def test_a_rejected_avatar_is_reported() -> None:
    """The caller gets a sentence."""
    avatar, face, told = changing()
    face.change("her-face", "Mira")
    avatar.emit("avatar_rejected", "her-face")

    assert [(event.source, event.message) for event in told] == [("avatar", NOT_THERE)]


def test_in_liveavatars_room_the_avatar_stays() -> None:
    """The caller is told so, unless the persona has the present avatar."""
    avatar, face, told = changing(is_hosted=True)
    face.change("her-face", "Mira")
    face.change("first-face", "Nova")

    assert [(event.source, event.message) for event in told] == [("avatar", NOT_HERE)]
    assert avatar.avatar_id == "first-face"


@pytest.mark.parametrize("of_the_call", ["", "first-face"])
async def test_the_avatar_follows_a_change_of_the_persona(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, of_the_call: str
) -> None:
    """It also does when the call or the settings name an avatar; a refused persona changes nothing."""
    monkeypatch.setenv("LIVEAVATAR_AVATAR_ID", of_the_call)
    for name, face_id in (("first", "first-face"), ("other", "her-face")):
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"\ninstructions = "x"\navatar_id = "{face_id}"\n')
    avatar, face, _ = changing()
    async with staged(monkeypatch, tmp_path / "first.toml") as stage:
        stage.personas.face = face
        with pytest.raises(Exception, match="no such persona"):
            await stage.personas.change("nobody")
        before = avatar.avatar_id
        await stage.personas.change("other")

    assert (before, avatar.avatar_id, avatar.names) == ("first-face", "her-face", ["other"])

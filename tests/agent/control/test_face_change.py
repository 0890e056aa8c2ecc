"""Each persona has its own avatar; when it can't be had, the caller reads why the present one stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
from livekit import rtc

from agent.control.face_change import NOT_HERE, NOT_THERE, FaceChange
from agent.settings import Settings
from avatar import ConfigurationError
from tests.agent.control.test_personas import NOVA, POET, staged

if TYPE_CHECKING:
    from pathlib import Path

    from agent.control.events import FailureEvent

KEY: dict[str, Any] = {"liveavatar_api_key": "a-key"}
WITH_FACE = POET.model_copy(update={"avatar_id": "her-face"})


class Avatar(rtc.EventEmitter[Literal["avatar_rejected"]]):
    """One that changes, unless it is in a room of LiveAvatar's."""

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


def changing(**settings: Any) -> tuple[Avatar, FaceChange, list[FailureEvent]]:
    """An avatar, what changes it, and what the caller is told."""
    avatar: Any = Avatar(is_hosted=settings.pop("is_hosted", False))
    told: list[FailureEvent] = []
    return avatar, FaceChange(avatar, Settings(**KEY, **settings), told.append), told


def test_the_face_is_the_personas() -> None:
    """Under its name; a persona without one, or with the present one, changes nothing."""
    avatar, face, told = changing()
    for persona in (NOVA, WITH_FACE, WITH_FACE, NOVA):
        face.follow(persona)

    assert (avatar.avatar_id, avatar.names, told) == ("her-face", [POET.name], [])


def test_the_avatar_of_the_settings_is_every_personas() -> None:
    """As at the start of a call."""
    avatar, face, _ = changing(liveavatar_avatar_id="first-face")
    face.follow(WITH_FACE)

    assert avatar.names == []


def test_a_face_that_is_refused_is_told() -> None:
    """In a sentence for the caller."""
    avatar, face, told = changing()
    face.follow(WITH_FACE)
    avatar.emit("avatar_rejected", "her-face")

    assert [(event.source, event.message) for event in told] == [("avatar", NOT_THERE)]


def test_in_a_room_of_liveavatars_the_face_stays() -> None:
    """The caller reads so; somebody whose face it is anyway is no reason to say anything."""
    avatar, face, told = changing(is_hosted=True)
    face.follow(WITH_FACE)
    face.follow(WITH_FACE.model_copy(update={"avatar_id": "first-face"}))

    assert [(event.source, event.message) for event in told] == [("avatar", NOT_HERE)]
    assert avatar.avatar_id == "first-face"


async def test_the_face_follows_a_change_of_the_persona(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Once the persona has taken over; one that is refused changes no face."""
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

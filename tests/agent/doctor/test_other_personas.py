"""Personas other than the first: each problem is listed under its persona."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.doctor.finding import CheckError, Finding
from agent.doctor.other_personas import examine_others
from agent.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.doctor.finding import Check
    from agent.persona import Persona

ADA = 'name = "Ada"\ninstructions = "x"\nopening = ""\n'


async def examined(tmp_path: Path, files: dict[str, str], known: Sequence[Finding] = ()) -> dict[str, list[str]]:
    """Return the findings for each persona of a folder; avatars have to begin with `good`."""
    for stem, text in files.items():
        (tmp_path / f"{stem}.toml").write_text(text)

    def checks_of(settings: Settings, persona: Persona) -> dict[str, Check]:
        async def avatar() -> str:
            avatar_id = settings.avatar_id(persona.avatar_id)
            if not avatar_id.startswith("good"):
                message = f"there is no avatar {avatar_id}"
                raise CheckError(message)
            return avatar_id

        return {"avatar": avatar}

    settings = Settings(personas_dir=tmp_path, liveavatar_avatar_id="good-of-the-worker")
    found: dict[str, list[str]] = {}
    for finding in await examine_others(settings, checks_of, known):
        assert isinstance(finding, Finding)
        assert finding.good == (finding.text == "can be used")
        found.setdefault(finding.what, []).append(finding.text)
    return found


async def test_each_persona_is_checked_with_its_own_avatar(tmp_path: Path) -> None:
    """Personas of PERSONAS_DIR and built-in ones are checked; the first one has its own findings."""
    found = await examined(
        tmp_path,
        {"ada": f'{ADA}avatar_id = "good"\n', "bob": f'{ADA}avatar_id = "gone"\n', "eve": ADA, "ada.eval": "x"},
    )

    assert found == {
        "persona poet": ["can be used"],
        "persona ada": ["can be used"],
        "persona bob": ["avatar: there is no avatar gone"],
        "persona eve": ["can be used"],
    }


async def test_a_problem_of_the_worker_is_reported_once(tmp_path: Path) -> None:
    """A problem that the first persona has as well is not repeated."""
    known = [Finding("avatar", good=False, text="there is no avatar gone")]
    found = await examined(tmp_path, {"bob": f'{ADA}avatar_id = "gone"\n', "eve": f'{ADA}avatar_id = "away"\n'}, known)

    assert found == {"persona poet": ["can be used"], "persona eve": ["avatar: there is no avatar away"]}


async def test_a_file_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    """Each wrong field is named, and the other files are still checked."""
    found = await examined(tmp_path, {"ada": f"{ADA}nam = 1\n", "bob": "=", "eve": f'{ADA}tools = ["fly"]\n'})

    assert found["persona poet"] == ["can be used"]
    assert "ada.toml: nam: Extra inputs are not permitted" in found["persona ada"][0]
    assert "bob.toml is not a TOML file" in found["persona bob"][0]
    assert "fly" in found["persona eve"][0]

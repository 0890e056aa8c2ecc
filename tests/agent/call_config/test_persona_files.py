"""Personas in a folder, which is read for each call."""

from pathlib import Path

import pytest

from agent.call_config.persona_files import persona_named, require_folder, usable_personas
from agent.settings import Settings, SettingsError

ADA = 'name = "Ada"\ninstructions = "Be kind."\n'


def test_a_new_or_changed_file_is_used(tmp_path: Path) -> None:
    """The settings stay the same, so no restart is needed."""
    settings = Settings(personas_dir=tmp_path)
    before = list(usable_personas(settings))
    (tmp_path / "ada.toml").write_text(ADA)
    added = persona_named(settings, "ada").name
    (tmp_path / "ada.toml").write_text(ADA.replace("Ada", "Eve"))

    assert (before, added) == (["nova", "poet"], "Ada")
    assert {stem: persona.name for stem, persona in usable_personas(settings).items()} == {
        "nova": "Nova",
        "poet": "Mira",
        "ada": "Eve",
    }


def test_a_broken_file_is_logged_and_the_others_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file may be broken in any way; it still hides the built-in persona with the same name."""
    settings = Settings(personas_dir=tmp_path)
    (tmp_path / "poet.toml").write_text("name = ")
    (tmp_path / "odd.toml").write_text(ADA + "min_endpointing_delay = 4\nmax_endpointing_delay = 1\n")
    (tmp_path / "binary.toml").write_bytes(b"\xff\x00")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "good.toml").write_text(ADA)

    assert list(usable_personas(settings)) == ["nova", "good"]
    logged = {record.__dict__["persona"]: record.__dict__["error"] for record in caplog.records}
    assert logged.keys() == {"poet", "odd", "binary", "folder"}
    assert "not a TOML file" in logged["poet"]


def test_an_error_does_not_show_the_files_path(tmp_path: Path) -> None:
    """A caller may read the error."""
    settings = Settings(personas_dir=tmp_path)
    (tmp_path / "ada.toml").write_text("name = ")
    for stem, sentence in (("ada", "can't be used at the moment"), ("../ada", "there is no such persona")):
        with pytest.raises(SettingsError, match=sentence) as error:
            persona_named(settings, stem)
        assert str(tmp_path) not in str(error.value)


def test_a_missing_folder_fails_the_start_but_not_a_call(tmp_path: Path) -> None:
    """A volume may be lost later; calls go on with the built-in personas."""
    settings = Settings(personas_dir=tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="PERSONAS_DIR: there is no folder"):
        require_folder(settings)

    assert list(usable_personas(settings)) == ["nova", "poet"]
    require_folder(Settings())

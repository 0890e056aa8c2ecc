"""Personas in a folder, read for each call."""

from pathlib import Path

import pytest

from agent.call_config.persona_files import persona_named, require_folder, usable_personas
from agent.settings import Settings, SettingsError

ADA = 'name = "Ada"\ninstructions = "Be kind."\n'


def test_a_file_that_is_new_or_changed_is_used(tmp_path: Path) -> None:
    """By the same settings, so without a restart."""
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
    """Whatever is wrong with it; it hides the one that comes along by the same name."""
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


def test_an_error_says_nothing_of_the_files_path(tmp_path: Path) -> None:
    """A caller may read it."""
    settings = Settings(personas_dir=tmp_path)
    (tmp_path / "ada.toml").write_text("name = ")
    for stem, sentence in (("ada", "can't be used at the moment"), ("../ada", "there is no such persona")):
        with pytest.raises(SettingsError, match=sentence) as error:
            persona_named(settings, stem)
        assert str(tmp_path) not in str(error.value)


def test_a_folder_that_is_missing_ends_a_start_and_no_call(tmp_path: Path) -> None:
    """A volume may be lost later; calls go on with the other personas."""
    settings = Settings(personas_dir=tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="PERSONAS_DIR: there is no folder"):
        require_folder(settings)

    assert list(usable_personas(settings)) == ["nova", "poet"]
    require_folder(Settings())

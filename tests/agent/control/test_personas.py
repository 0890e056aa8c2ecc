from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from livekit.agents import NOT_GIVEN, function_tool

from agent.call_config import CallConfig
from agent.control.refusal import RefusalError
from agent.conversation.voices import VoicesByLanguage
from agent.persona import load_persona
from tests.agent.control.persona_stage import LOOK, NOVA, POET, VOICE, ClosableLLM, Stage, Voice, staged
from tests.agent.knowledge.servers import site
from tests.agent.speech.speech_fakes import Line, ScriptedTTS
from tests.agent.tools.mcp_site import mcp_site

if TYPE_CHECKING:
    from pathlib import Path

    from livekit.agents import SpeechHandle


async def test_another_persona_goes_on_with_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The persona has its own instructions and voice, knows what was said, and is announced to the room."""
    async with staged(monkeypatch) as stage:
        await stage.ask("one")
        await stage.personas.change("poet")
        asked = await stage.ask("two")

    assert [text.strip() for text in asked] == [POET.instructions, "one", "Fine.", "two"]
    assert "Fine." in stage.voices[0].asked
    assert stage.personas.persona == POET
    assert stage.room.local_participant.names[-1] == "Mira (agent)"
    assert stage.room.local_participant.attributes == {"persona": "poet", "personas": "nova,poet"}


async def test_another_persona_has_its_own_turn_taking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The persona's delays and minimum of words hold as soon as it takes over."""
    file = tmp_path / "slow.toml"
    file.write_text('name = "Slow"\ninstructions = "x"\nmin_endpointing_delay = 0.9\nmin_interruption_words = 2\n')
    async with staged(monkeypatch, file) as stage:
        before = stage.session.options.interruption["min_words"]
        await stage.personas.change("slow")
        options = stage.session.options

        assert (before, options.interruption["min_words"], options.endpointing["min_delay"]) == (0, 2, 0.9)


async def test_a_persona_whose_delays_contradict_each_other_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The present persona stays."""
    file = tmp_path / "odd.toml"
    file.write_text('name = "Odd"\ninstructions = "x"\nmin_endpointing_delay = 4\nmax_endpointing_delay = 1\n')
    async with staged(monkeypatch, file) as stage:
        with pytest.raises(RefusalError):
            await stage.personas.change("odd")

        assert stage.personas.persona == NOVA


async def test_the_first_persona_returns_in_the_sessions_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice is made once, however often its persona returns, and closed at the end."""
    async with staged(monkeypatch) as stage:
        for stem in ("poet", "nova", "poet", "nova"):
            await stage.personas.change(stem)
        own = stage.session.tts
        assert isinstance(own, ScriptedTTS)
        await stage.ask("one")

        assert "Fine." in own.asked
        assert len(stage.voices) == 1

    assert stage.voices[0].is_closed


async def test_a_persona_is_heard_in_its_own_language(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A persona with another language gets its own speech-to-text; the others use the session's."""
    file = tmp_path / "colette.toml"
    file.write_text('name = "Colette"\ninstructions = "Parle."\nlanguage = "fr"\n')
    async with staged(monkeypatch, file) as stage:
        heard_by = []
        for stem in ("colette", "nova", "colette", "poet"):
            await stage.personas.change(stem)
            heard_by.append(stage.session.current_agent.stt)

        [ear] = stage.ears
        assert heard_by == [ear, NOT_GIVEN, ear, NOT_GIVEN]
        assert len(stage.voices) == 2

    assert ear.is_closed


async def test_a_persona_uses_its_own_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It has its own language model and key terms; the first one has the session's, and the call's end closes both."""
    file = tmp_path / "terse.toml"
    file.write_text('name = "Terse"\ninstructions = "x"\nmodel = "small"\n[hearing]\nkey_terms = ["Oslo"]\n')
    model = ClosableLLM()
    monkeypatch.setattr("agent.control.personas.build_model", lambda *_: model)
    async with staged(monkeypatch, file) as stage:
        used = []
        for stem in ("terse", "nova"):
            await stage.personas.change(stem)
            agent = stage.session.current_agent
            used.append((agent.llm, agent.stt))

        assert used == [(model, stage.ears[0]), (NOT_GIVEN, NOT_GIVEN)]

    assert model.is_closed


async def test_a_persona_whose_voice_does_not_support_its_options_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The present persona stays."""
    file = tmp_path / "odd.toml"
    file.write_text('name = "Odd"\ninstructions = "x"\n[voice]\nmodel = "eleven_v3"\nspeed = 1.1\n')
    async with staged(monkeypatch, file) as stage:
        with pytest.raises(RefusalError):
            await stage.personas.change("odd")

        assert stage.personas.persona == NOVA


async def test_a_persona_of_several_languages_has_their_sentences(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The apology is prepared in the voice of each language, and the goodbye is that of the spoken one."""
    file = tmp_path / "lola.toml"
    file.write_text(
        'name = "Lola"\ninstructions = "x"\nlanguage = "multi"\napology = "Sorry."\n'
        '[languages.es]\nvoice = "abc"\napology = "Perdón."\ngoodbye = "Adiós."\n'
    )
    spanish = Voice(VOICE | {"Perdón.": Line(0.1, 3)})
    async with staged(monkeypatch, file) as stage:
        own = Voice(VOICE | {"Sorry.": Line(0.1, 2)})
        monkeypatch.setattr("agent.control.personas.build_voice", lambda *_: VoicesByLanguage(own, {"es": spanish}))
        await stage.personas.change("lola")
        stage.personas.language.hear("es")
        apologies = stage.personas._apologies
        await asyncio.gather(*(each._preparing for each in apologies.values() if each._preparing is not None))

        assert stage.personas.language.goodbye == "Adiós."
        assert {code: each.text for code, each in apologies.items()} == {"es": "Perdón."}
        assert spanish.asked == ["Perdón."]

    assert spanish.is_closed


async def test_the_apology_is_the_personas_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The present persona's apology is said when speech-to-text fails."""
    async with staged(monkeypatch) as stage:
        await stage.personas.change("poet")
        speeches: list[SpeechHandle] = []
        stage.session.on("speech_created", lambda event: speeches.append(event.speech_handle))
        stage.personas._on_unheard()
        await speeches[0]

    assert stage.failed == ["hearing"]
    assert stage.session.history.messages()[-1].text_content == POET.apology
    assert stage.voices[0].asked == [POET.apology]


async def test_an_unknown_persona_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is never used as a path, and the present persona stays."""
    async with staged(monkeypatch) as stage:
        for stem in ("nobody", "../personas/poet", ""):
            with pytest.raises(RefusalError) as refused:
                await stage.personas.change(stem)
            assert refused.value.code == 404

    assert stage.personas.persona == NOVA


async def test_the_calls_variables_hold_for_every_persona(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The call's name holds for the first persona only; files that were added during the call can be used."""
    config = CallConfig(name="Kai", variables={"customer": "Kim"})
    first = tmp_path / "first.toml"
    first.write_text('name = "First"\ninstructions = "x"\n')
    async with staged(monkeypatch, first, config) as stage:
        (tmp_path / "ada.toml").write_text('name = "Ada"\ninstructions = "Talk with {customer}."\n')
        other = await stage.personas.change("ada")
        back = await stage.personas.change("first")

    assert (other.name, other.instructions, back.name) == ("Ada", "Talk with Kim.", "Kai")


async def test_the_room_learns_the_calls_persona(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may differ from the worker's own persona."""
    async with staged(monkeypatch, config=CallConfig(persona="poet")) as stage:
        pass

    assert stage.room.local_participant.attributes["persona"] == "poet"


class Library:
    """A tool that runs until the test releases it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_found = asyncio.Event()
        self.started = asyncio.Event()
        monkeypatch.setattr("agent.control.personas.tools_of", lambda *_: [function_tool(self.look)])

    async def look(self) -> str:
        """Look something up."""
        self.started.set()
        await self.is_found.wait()
        return "a lighthouse"

    async def is_asked(self, stage: Stage) -> None:
        """Ask something that needs the tool."""
        stage.thoughts.replies.insert(0, LOOK)
        stage.session.generate_reply(user_input="look it up")
        await self.started.wait()


async def test_a_refused_change_does_not_happen_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that runs for too long blocks the change, and its end does not bring it about."""
    monkeypatch.setattr("agent.control.personas._IDLE_TIMEOUT", 0.05)
    library = Library(monkeypatch)
    async with staged(monkeypatch) as stage:
        await library.is_asked(stage)
        before = stage.session.current_agent
        with pytest.raises(RefusalError) as refused:
            await stage.personas.change("poet")
        library.is_found.set()
        await stage.ask("and now?")

        assert refused.value.code == 409
        assert stage.session.current_agent is before
        assert stage.personas.persona == NOVA
        assert stage.personas._apology.text == NOVA.apology
        assert stage.room.local_participant.attributes["persona"] == "nova"


async def test_a_change_waits_for_a_tool_and_interrupts_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """The change happens when the tool returns; speech is cut off at once."""
    library = Library(monkeypatch)
    async with staged(monkeypatch) as stage:
        await library.is_asked(stage)
        changing = asyncio.create_task(stage.personas.change("poet"))
        await asyncio.sleep(0.05)
        assert stage.personas.persona == NOVA
        library.is_found.set()
        await asyncio.wait_for(changing, 10)
        story = stage.session.say("A story.")
        await asyncio.wait_for(stage.personas.change("nova"), 10)

        assert story.interrupted
        assert stage.personas.persona == NOVA


async def test_a_call_that_ends_refuses_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The change is refused in time, and the persona stays."""
    monkeypatch.setattr("agent.control.personas._ENTER_TIMEOUT", 0.05)
    async with staged(monkeypatch) as stage:
        closing = asyncio.create_task(stage.session.aclose())
        await asyncio.sleep(0)
        with pytest.raises((RefusalError, RuntimeError)):
            await stage.personas.change("poet")
        await closing

    assert stage.personas.persona == NOVA


async def test_the_tools_of_a_personas_mcp_server_come_and_go_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The tools appear once the server is connected; another persona lacks them, and the connection is closed."""
    async with mcp_site() as made:
        file = tmp_path / "ada.toml"
        file.write_text(f'name = "Ada"\ninstructions = "x"\n[[mcp]]\nname = "shop"\nurl = "{made.url}"\n')
        async with staged(monkeypatch, file) as stage:
            await stage.personas.change("ada")
            async with asyncio.timeout(20):
                while "stock" not in tools_of(stage):  # noqa: ASYNC110 - the agent has no event
                    await asyncio.sleep(0.02)
            connecting = stage.personas._mcp
            assert connecting is not None
            await stage.personas.change("nova")

            assert "stock" not in tools_of(stage)
            assert all(task.done() for task in (await connecting)._connecting)
            assert not any(client.initialized for _, client in (await connecting)._clients)


async def test_an_mcp_server_that_hangs_does_not_silence_its_persona(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the start of a call nor its end waits for the server."""
    async with site() as hanging:
        hanging.hold = asyncio.Event()
        file = tmp_path / "ada.toml"
        file.write_text(f'name = "Ada"\ninstructions = "x"\n[[mcp]]\nname = "shop"\nurl = "{hanging.url}/mcp"\n')
        async with asyncio.timeout(30), staged(monkeypatch, file, first=load_persona(file)) as stage:
            await stage.ask("one")

            assert stage.session.history.messages()[-1].text_content == "Fine."


def tools_of(stage: Stage) -> list[str]:
    """Return the names of the tools that the language model has now."""
    return [tool.id for tool in stage.session.current_agent.tools]

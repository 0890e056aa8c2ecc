from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import AgentSession, APIConnectOptions, StopResponse, TurnHandlingOptions, function_tool, llm
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent.conversation.apology import Apology
from agent.conversation.persona_agent import PersonaAgent
from agent.conversation.stt_watchdog import SttWatchdog
from agent.persona import Persona
from tests.agent.session_fakes import Reply, ScriptedLLM
from tests.agent.speech.speech_fakes import ClockedOutput, Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from livekit.agents import SpeechHandle

SORRY = "Sorry, say that again."
PERSONA = Persona(name="Ada", instructions="Be kind.", apology=SORRY)
VOICE = {
    SORRY: Line(0.2, 9),
    f" {SORRY}": Line(0.2, 9),
    "Hello.": Line(0.2, 1),
    "Once there was": Line(0.2, 2, fails=True),
    f"Once there... {SORRY}": Line(0.2, 3),
    "Nothing.": Line(0.0, 0, fails=True),
    "50 % of 5 € + 1 is a bargain.": Line(0.2, 4),
    "Well.": Line(0.2, 5),
}
CALL = llm.FunctionToolCall(name="look", arguments="{}", call_id="call")


@function_tool
async def look() -> str:
    """Look around."""
    return "a lighthouse"


@asynccontextmanager
async def conversation(
    thoughts: ScriptedLLM, voice: ScriptedTTS, output: ClockedOutput, news: list[str] | None = None
) -> AsyncIterator[AgentSession[Any]]:
    """Start a session with the persona's agent; the language model has 0.1 s for each word."""
    told = [] if news is None else news
    options = SessionConnectOptions(
        llm_conn_options=APIConnectOptions(max_retry=0, timeout=0.1),
        tts_conn_options=APIConnectOptions(max_retry=0),
    )
    turns = TurnHandlingOptions(turn_detection="manual")
    session = AgentSession[None](llm=thoughts, tts=voice, vad=None, turn_handling=turns, conn_options=options)
    session.output.audio = output
    apology = Apology(session, SORRY)
    attention = SttWatchdog(session, apology.say)
    await session.start(
        PersonaAgent(
            PERSONA,
            [look],
            session,
            apology=apology,
            stt_watchdog=attention,
            on_first_token=lambda: told.append("first token"),
            on_first_audio=lambda: told.append("first audio"),
            on_failure=told.append,
        )
    )
    apology.prepare()
    assert apology._preparing is not None
    await apology._preparing
    try:
        yield session
    finally:
        await apology.aclose()
        await session.aclose()


async def answer(session: AgentSession[Any], text: str) -> None:
    """Say something to the agent, and wait until it has said everything."""
    speeches: list[SpeechHandle] = []
    session.on("speech_created", lambda event: speeches.append(event.speech_handle))
    session.generate_reply(user_input=text)
    async with asyncio.timeout(20):
        # The list grows meanwhile.
        for speech in speeches:
            await speech


def said(session: AgentSession[Any]) -> list[tuple[str | None, bool]]:
    """Return the agent's messages in the chat context, each with whether it was interrupted."""
    messages = [message for message in session.history.messages() if message.role == "assistant"]
    return [(message.text_content, message.interrupted) for message in messages]


@pytest.mark.parametrize(
    ("reply", "heard"),
    [
        (Reply(then="error"), SORRY),
        (Reply(then="hang"), SORRY),
        (Reply(), SORRY),
        (Reply((" ",)), SORRY),
        (Reply(("👍",)), SORRY),
        (Reply(("--", "-")), SORRY),
        (Reply(("```py", "thon\n", "```")), SORRY),
        (Reply(("<br/>", "…?!")), SORRY),
        (Reply(("<think>Hm.</thi", "nk>")), SORRY),
        (Reply(('<function=fly>{"to": "Oslo"}</function>',)), SORRY),
        (Reply(("Once ", "there"), then="error"), f"Once there... {SORRY}"),
        (Reply(("Once ", "there"), then="hang"), f"Once there... {SORRY}"),
    ],
)
async def test_an_answer_that_fails_ends_in_the_apology(reply: Reply, heard: str) -> None:
    """The cause may be an error, a hang, or an answer with nothing to say; the next turn works."""
    thoughts, output = ScriptedLLM(reply, Reply(("Hello.",))), ClockedOutput()
    async with conversation(thoughts, ScriptedTTS(VOICE), output) as session:
        await answer(session, "tell me a story")
        await answer(session, "hello")
        messages = [(text.strip(), cut) for text, cut in said(session) if text]

    assert messages == [(heard, False), ("Hello.", False)]
    assert bytes(output.heard) == VOICE[heard].pcm + VOICE["Hello."].pcm
    assert [text.strip() for text in thoughts.asked[1]][-3:] == ["tell me a story", heard, "hello"]


async def test_a_failure_after_a_tool_call_gets_no_apology() -> None:
    """The tool's result is answered instead."""
    thoughts, output = ScriptedLLM(Reply((CALL,), then="error"), Reply(("Hello.",))), ClockedOutput()
    async with conversation(thoughts, ScriptedTTS(VOICE), output) as session:
        await answer(session, "look around")
        messages = said(session)

    assert messages == [("Hello.", False)]


@pytest.mark.parametrize(
    ("chunks", "spoken"),
    [
        (("50 % of 5 € ", "+ 1 is a bargain."), "50 % of 5 € + 1 is a bargain."),
        (("<thi", "nk>They say hi.</think>\n\nHel", "lo."), "Hello."),
        (("👍 ", "**Hello", "**."), "Hello."),
        (('{"name": "fly", "arguments": {}}\n', "Hello."), "Hello."),
    ],
)
async def test_only_speech_is_said_of_an_answer(chunks: tuple[str, ...], spoken: str) -> None:
    """Thoughts, markup and calls of unknown tools are left out of the speech and of the history."""
    voice, output = ScriptedTTS(VOICE), ClockedOutput()
    async with conversation(ScriptedLLM(Reply(chunks)), voice, output) as session:
        await answer(session, "hello")
        messages = [(text.strip(), cut) for text, cut in said(session) if text]

    assert messages == [(spoken, False)]
    assert bytes(output.heard) == VOICE[spoken].pcm


async def test_a_call_that_is_written_as_text_is_carried_out() -> None:
    """The tool's result is answered, and the call is not spoken."""
    thoughts = ScriptedLLM(Reply(("<function=look>", "{}</function>")), Reply(("Hello.",)))
    voice = ScriptedTTS(VOICE)
    async with conversation(thoughts, voice, ClockedOutput()) as session:
        await answer(session, "look around")
        outputs = [item.output for item in session.history.items if item.type == "function_call_output"]

    assert outputs == ["a lighthouse"]
    assert voice.asked == [SORRY, "Hello."]


async def test_a_failed_voice_is_cut_and_followed_by_the_clip() -> None:
    """The part that was synthesised is heard and kept as interrupted; the apology is a clip; the next turn works."""
    thoughts = ScriptedLLM(Reply(("Once there was",)), Reply(("Hello.",)))
    voice, output = ScriptedTTS(VOICE), ClockedOutput()
    async with conversation(thoughts, voice, output) as session:
        await answer(session, "tell me a story")
        await answer(session, "hello")
        messages = said(session)

    assert bytes(output.heard) == VOICE["Once there was"].pcm + VOICE[SORRY].pcm + VOICE["Hello."].pcm
    assert messages == [("Once there was", True), (SORRY, False), ("Hello.", False)]
    assert voice.asked == [SORRY, "Once there was", "Hello."]


async def test_of_a_voice_that_fails_at_once_only_the_apology_remains() -> None:
    """An answer that was not heard at all is not in the chat context."""
    thoughts, output = ScriptedLLM(Reply(("Nothing.",))), ClockedOutput()
    async with conversation(thoughts, ScriptedTTS(VOICE), output) as session:
        await answer(session, "tell me a story")
        messages = said(session)

    assert messages == [(SORRY, False)]


async def test_without_a_clip_a_failed_voice_ends_in_silence() -> None:
    """With neither answer nor apology to say, the turn ends once and the call goes on."""
    voice = ScriptedTTS({"Nothing.": VOICE["Nothing."], SORRY: Line(0.0, 0, fails=True), "Hello.": VOICE["Hello."]})
    thoughts, output = ScriptedLLM(Reply(("Nothing.",)), Reply(("Hello.",))), ClockedOutput()
    async with conversation(thoughts, voice, output) as session:
        await answer(session, "tell me a story")
        await answer(session, "hello")
        messages = said(session)

    assert voice.asked == [SORRY, "Nothing.", SORRY, "Hello."]
    assert messages == [("Hello.", False)]


async def test_first_tokens_first_audio_and_failures_are_reported() -> None:
    """Each is reported once per answer; a hang counts as a failure of thinking."""
    thoughts = ScriptedLLM(Reply(("Hel", "lo.")), Reply(then="hang"), Reply(("Nothing.",)))
    news: list[str] = []
    async with conversation(thoughts, ScriptedTTS(VOICE), ClockedOutput(), news) as session:
        for _ in range(3):
            await answer(session, "hello")

    assert news == ["first token", "first audio", "thinking", "first audio", "first token", "speaking"]


async def test_a_turn_without_a_word_is_not_answered() -> None:
    """A button that was held without speech gets no answer."""
    thoughts = ScriptedLLM()
    async with conversation(thoughts, ScriptedTTS(VOICE), ClockedOutput()) as session:
        with pytest.raises(StopResponse):
            await session.current_agent.on_user_turn_completed(
                llm.ChatContext.empty(), llm.ChatMessage(role="user", content=[" "])
            )

    assert thoughts.asked == []


async def test_failures_are_logged_without_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    """Each kind of failure is one warning of ours; no record at INFO or above has a word of the conversation."""
    thoughts = ScriptedLLM(Reply(then="hang"), Reply(("Nothing.",)))
    with caplog.at_level(logging.INFO):
        async with conversation(thoughts, ScriptedTTS(VOICE), ClockedOutput()) as session:
            await answer(session, "a secret wish")
            await answer(session, "a secret wish")

    own = [record for record in caplog.records if record.name == "agent"]
    assert [record.getMessage() for record in own] == ["the language model failed", "text-to-speech failed"]
    assert (vars(own[0])["reason"], vars(own[0])["setting"]) == ("no answer in time", "LLM_TIMEOUT")
    assert not [word for word in ("secret", "Nothing.", "Sorry") if word in caplog.text]

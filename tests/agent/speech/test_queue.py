import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from livekit.agents import Agent, AgentSession, APIError
from livekit.agents.types import TimedString

from agent.speech.queue import SpeechQueue
from avatar import AvatarSession
from tests.agent.speech.queue_call import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    LIVEKIT,
    THREE,
    Told,
    agent_session,
    call,
    ends_of,
    spoken,
)
from tests.agent.speech.speech_fakes import Captions, ClockedOutput, Line, ScriptedTTS
from tests.avatar.fakes import KEY, FakeRoom, LiteService

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime


async def test_queued_sentences_are_one_segment_and_one_message() -> None:
    """Their audio has no gap, each reports its start and end, and the message has all of them."""
    output = ClockedOutput()
    async with call(ScriptedTTS(THREE), output) as session:
        queue = SpeechQueue(session)
        told = Told(queue)
        ends = await ends_of([queue.say(text) for text in THREE])
        await queue.aclose()

    assert bytes(output.heard) == b"".join(line.pcm for line in THREE.values())
    assert output.segments == 1
    assert ends == [(FINISHED, 0.2), (FINISHED, 0.3), (FINISHED, 0.1)]
    assert told.news == [f"{text} {what}" for text in THREE for what in ("started", "finished")]


async def test_a_tts_without_streaming_says_them_in_one_segment_too() -> None:
    """The framework's adapter may add 10 ms of silence after a text; there is no other gap."""
    output = ClockedOutput()
    async with call(ScriptedTTS(THREE, streaming=False), output) as session:
        queue = SpeechQueue(session)
        ends = await ends_of([queue.say(text) for text in THREE])

    samples = np.frombuffer(bytes(output.heard), dtype="<i2")
    assert samples[samples != 0].tobytes() == b"".join(line.pcm for line in THREE.values())
    assert len(samples) / 24_000 <= 0.6 + 0.02 * len(THREE)
    assert output.segments == 1
    assert [state for state, _ in ends] == [FINISHED] * 3


async def test_a_sentence_queued_while_another_plays_joins_its_segment() -> None:
    """The segment stays open while it plays."""
    tts, output = ScriptedTTS({"Long.": Line(1.0, 1), "More.": Line(0.2, 2)}), ClockedOutput()
    async with call(tts, output) as session:
        queue = SpeechQueue(session)
        first = queue.say("Long.")
        await output.wait_for_audio(1.0)
        await ends_of([first, queue.say("More.")])
        await queue.aclose()

    assert output.reported == [pytest.approx(1.2)]
    assert spoken(session) == ["Long. More."]


async def test_held_sentences_are_synthesised_and_said_on_release() -> None:
    """No sample is played before; afterwards there is one segment as usual."""
    tts, output = ScriptedTTS(THREE), ClockedOutput()
    async with call(tts, output) as session:
        queue = SpeechQueue(session)
        queue.hold()
        sentences = [queue.say(text) for text in THREE]
        async with asyncio.timeout(5):
            while len(tts.asked) < len(THREE):  # noqa: ASYNC110 - the fake has no event
                await asyncio.sleep(0.01)
        before = bytes(output.heard)
        queue.release()
        ends = await ends_of(sentences)
        await queue.aclose()

    assert (before, output.segments) == (b"", 1)
    assert [state for state, _ in ends] == [FINISHED] * 3


async def test_a_sentence_that_is_interrupted_while_held_is_not_said() -> None:
    """It is reported as interrupted at 0 s, and later sentences are said."""
    output = ClockedOutput()
    async with call(ScriptedTTS(THREE), output) as session:
        queue = SpeechQueue(session)
        queue.hold()
        first = queue.say("One.")
        queue.clear()
        await ends_of([first])
        queue.release()
        ends = await ends_of([first, queue.say("Two.")])
        await queue.aclose()

    assert ends == [(INTERRUPTED, 0.0), (FINISHED, 0.3)]
    assert bytes(output.heard) == THREE["Two."].pcm


async def test_a_sentence_that_is_queued_after_the_last_opens_a_segment() -> None:
    """The segment before it was closed without waiting for more."""
    output = ClockedOutput()
    async with call(ScriptedTTS(THREE), output) as session:
        queue = SpeechQueue(session)
        await queue.say("One.")
        await queue.say("Two.")
        await queue.aclose()

    assert output.reported == [pytest.approx(0.2), pytest.approx(0.3)]
    assert spoken(session) == ["One.", "Two."]


async def test_at_most_two_sentences_are_synthesised_ahead() -> None:
    """The next one is requested when playback reaches another sentence."""
    script = {f"{number}.": Line(0.2, number + 1) for number in range(6)}
    tts, output = ScriptedTTS(script), ClockedOutput()
    async with call(tts, output) as session:
        queue = SpeechQueue(session)
        sentences = [queue.say(text) for text in script]
        await output.wait_for_audio(0.2)
        asked = list(tts.asked)
        await ends_of(sentences)

    assert asked == list(script)[:3]
    assert tts.asked == list(script)


async def test_no_sentence_is_synthesised_more_than_ten_seconds_ahead() -> None:
    """An interrupt would drop it, and it would still be paid for."""
    tts, output = ScriptedTTS({"Long.": Line(12.0, 1), "More.": Line(0.2, 2)}), ClockedOutput()
    async with call(tts, output) as session:
        queue = SpeechQueue(session)
        queue.say("Long.")
        await output.wait_for_audio(12.0)
        more = queue.say("More.")
        await queue.aclose()

    assert tts.asked == ["Long."]
    assert more.state is INTERRUPTED


@pytest.mark.parametrize("by_user", [True, False])
async def test_an_interrupt_empties_the_queue_and_reports_what_was_played(*, by_user: bool) -> None:
    """The positions of sentences add up to the output's; sentences that had not begun are reported at 0 s."""
    rest = {"Third.": Line(0.2, 3), "Fourth.": Line(0.2, 4), "Fifth.": Line(0.2, 5)}
    tts, output = ScriptedTTS({"One.": Line(0.2, 1), "Long.": Line(5.0, 2)} | rest), ClockedOutput()
    async with call(tts, output) as session:
        queue = SpeechQueue(session)
        told = Told(queue)
        sentences = [queue.say(text) for text in tts.script]
        await sentences[1].wait_for_start()
        if by_user:
            await session.interrupt()
        else:
            queue.clear()
        ends = await ends_of(sentences)
        await queue.aclose()

    states = [state for state, _ in ends]
    assert states == [FINISHED, *[INTERRUPTED] * 4]
    assert sum(position for _, position in ends) == pytest.approx(output.reported[0], abs=1e-5)
    assert ends[0][1] == 0.2
    assert 0 <= ends[1][1] < 5.0
    assert [position for _, position in ends[2:]] == [0, 0, 0]
    assert "Fifth." not in tts.asked
    assert told.news == [
        *("One. started", "One. finished", "Long. started"),
        *("Long. interrupted", "Third. interrupted", "Fourth. interrupted", "Fifth. interrupted"),
    ]


async def test_a_sentence_after_an_interrupt_is_said() -> None:
    """The interrupt affects only sentences that were queued before it."""
    tts, output = ScriptedTTS({"Long.": Line(5.0, 1), "Sorry.": Line(0.2, 2)}), ClockedOutput()
    async with call(tts, output) as session:
        queue = SpeechQueue(session)
        await queue.say("Long.").wait_for_start()
        queue.clear()
        ends = await ends_of([queue.say("Sorry.")])

    assert ends == [(FINISHED, 0.2)]


async def test_an_interrupt_before_the_first_audio_plays_nothing() -> None:
    """Sentences without audio are reported as interrupted at 0 s."""
    tts, output = ScriptedTTS(THREE, first_byte=60.0), ClockedOutput()
    async with call(tts, output) as session:
        queue = SpeechQueue(session)
        sentences = [queue.say(text) for text in THREE]
        queue.clear()
        ends = await ends_of(sentences)

    assert ends == [(INTERRUPTED, 0.0)] * 3
    assert output.heard == b""
    assert spoken(session) == []


async def test_a_sentence_that_cannot_be_synthesised_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    """It gets its error, and a warning without its text; the others are one segment."""
    script = {"One.": Line(0.2, 1), "Secret.": Line(0.0, 2, fails=True), "Three.": Line(0.1, 3)}
    output = ClockedOutput()
    async with call(ScriptedTTS(script), output) as session:
        queue = SpeechQueue(session)
        sentences = [queue.say(text) for text in script]
        ends = await ends_of(sentences)

    assert ends == [(FINISHED, 0.2), (FAILED, 0.0), (FINISHED, 0.1)]
    assert isinstance(sentences[1].error, APIError)
    assert output.reported == [pytest.approx(0.3)]
    assert spoken(session) == ["One. Three."]
    [warning] = [record for record in caplog.records if record.name == "agent"]
    assert warning.levelno == logging.WARNING
    assert "Secret" not in warning.getMessage()


async def test_if_no_sentence_can_be_synthesised_all_fail() -> None:
    """There are more of them than are synthesised ahead."""
    script = {f"{number}.": Line(0.0, 1, fails=True) for number in range(3)}
    output = ClockedOutput()
    async with call(ScriptedTTS(script), output) as session:
        queue = SpeechQueue(session)
        ends = await ends_of([queue.say(text) for text in script])

    assert ends == [(FAILED, 0.0)] * 3
    assert spoken(session) == []


async def test_a_partly_synthesised_sentence_is_played() -> None:
    """It is reported as failed, with the position to which it was played."""
    script = {"Half.": Line(0.2, 1, fails=True), "Whole.": Line(0.2, 2)}
    output = ClockedOutput()
    async with call(ScriptedTTS(script), output) as session:
        queue = SpeechQueue(session)
        told = Told(queue)
        ends = await ends_of([queue.say(text) for text in script])

    assert [state for state, _ in ends] == [FAILED, FINISHED]
    assert sum(position for _, position in ends) == pytest.approx(output.reported[0])
    assert told.news == ["Half. started", "Half. failed", "Whole. started", "Whole. finished"]


async def test_captions_have_the_times_of_their_segment() -> None:
    """Times that a TTS counts from the start of a text are shifted to the text's start in the segment."""
    output, captions = ClockedOutput(), Captions()
    async with call(ScriptedTTS(THREE, aligned=True), output, use_tts_aligned_transcript=True) as session:
        session.output.transcription = captions
        queue = SpeechQueue(session)
        await ends_of([queue.say(text) for text in THREE])
        await queue.aclose()

    timed = [(text, text.start_time, text.end_time) for text in captions.texts if isinstance(text, TimedString)]
    assert "".join(captions.texts) == "One. Two. Three."
    assert timed == [("One.", 0.0, 0.2), ("Two.", 0.2, 0.5), ("Three.", 0.5, pytest.approx(0.6))]


async def test_sentences_are_one_space_apart_in_captions() -> None:
    """This also holds if the TTS ends its words with a space."""
    output, captions = ClockedOutput(), Captions()
    async with call(ScriptedTTS({"One. ": Line(0.1, 1), "Two.": Line(0.1, 2)}), output) as session:
        session.output.transcription = captions
        queue = SpeechQueue(session)
        await ends_of([queue.say("One. "), queue.say("Two.")])
        await queue.aclose()

    assert "".join(captions.texts) == "One. Two."


async def test_pieces_of_a_text_keep_their_written_gaps() -> None:
    """Captions and the chat context have no space after a Chinese full stop, and keep line breaks."""
    script = {"春天来了。": Line(0.1, 1), "孩子们在跑。": Line(0.1, 2), "- Apples": Line(0.1, 3)}
    output, captions = ClockedOutput(), Captions()
    async with call(ScriptedTTS(script), output) as session:
        session.output.transcription = captions
        queue = SpeechQueue(session)
        gaps = [" ", "", "\n"]
        await ends_of([queue.say(text, gap=gap) for text, gap in zip(script, gaps, strict=True)])
        await queue.aclose()
        message = spoken(session)

    assert "".join(captions.texts) == "春天来了。孩子们在跑。\n- Apples"
    assert message == ["春天来了。孩子们在跑。\n- Apples"]


async def test_queued_text_is_spoken_word_for_word() -> None:
    """The session's transforms are not applied: a sum keeps its asterisks, a list its dashes."""
    text = "- 2 * 3 * 4 = 24, see https://example.com/a?b=1."
    tts = ScriptedTTS({text: Line(0.1, 1)})
    async with call(tts, ClockedOutput()) as session:
        queue = SpeechQueue(session)
        ends = await ends_of([queue.say(text)])
        await queue.aclose()

    assert ends == [(FINISHED, 0.1)]
    assert tts.asked == [text]


async def test_a_session_without_tts_has_the_text() -> None:
    """No audio is made, and a sentence ends when it is written."""
    tts = ScriptedTTS(THREE)
    async with call(tts, None) as session:
        queue = SpeechQueue(session)
        ends = await ends_of([queue.say(text) for text in THREE])
        await queue.aclose()

    assert ends == [(FINISHED, 0.0)] * 3
    assert tts.asked == []
    assert spoken(session) == ["One. Two. Three."]


async def test_say_raises_when_the_session_does_not_run() -> None:
    """A rejected call of `say` queues nothing."""
    session = agent_session(ScriptedTTS(THREE))
    queue = SpeechQueue(session)
    with pytest.raises(RuntimeError):
        queue.say("One.")
    await queue.aclose()
    await session.aclose()


@asynccontextmanager
async def avatar_call(tts: ScriptedTTS, service: LiteService) -> AsyncIterator[AgentSession[Any]]:
    """Run a session that speaks through an avatar."""
    async with service.running_server() as url:
        session = agent_session(tts)
        avatar = AvatarSession(api_key=KEY, api_url=url, avatar_id="an-avatar")
        await avatar.start(session, FakeRoom(), **LIVEKIT)  # type: ignore[arg-type] # a small stand-in
        await session.start(Agent(instructions=""))
        try:
            yield session
        finally:
            await avatar.aclose()
            await session.aclose()


async def test_an_avatar_says_queued_sentences_as_one_utterance() -> None:
    """Every byte arrives in order, under one event id, with one end."""
    service, script = LiteService(), {"One.": Line(0.7, 1), "Two.": Line(0.9, 2), "Three.": Line(0.3, 3)}
    async with avatar_call(ScriptedTTS(script, first_byte=0.1), service) as session:
        queue = SpeechQueue(session)
        ends = await ends_of([queue.say(text) for text in script])

    speaks = service.of("agent.speak")
    assert b"".join(base64.b64decode(speak["audio"]) for speak in speaks) == b"".join(
        line.pcm for line in script.values()
    )
    assert len({speak["event_id"] for speak in speaks}) == 1
    assert len(service.of("agent.speak_end")) == 1
    assert ends == [(FINISHED, 0.7), (FINISHED, 0.9), (FINISHED, 0.3)]


async def test_an_interrupted_avatar_reports_each_sentence() -> None:
    """The interrupt is sent, and each sentence is reported as far as the avatar has played it."""
    service, tts = LiteService(), ScriptedTTS({"One.": Line(0.5, 1), "Long.": Line(5.0, 2), "More.": Line(0.3, 3)})
    async with avatar_call(tts, service) as session:
        queue = SpeechQueue(session)
        sentences = [queue.say(text) for text in tts.script]
        await sentences[1].wait_for_start()
        queue.clear()
        ends = await ends_of(sentences)
        await service.wait_for("agent.interrupt")

    assert [state for state, _ in ends] == [FINISHED, INTERRUPTED, INTERRUPTED]
    assert ends[1][1] < 5.0
    assert ends[2][1] == 0.0

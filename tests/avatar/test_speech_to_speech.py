"""A speech-to-speech model with the avatar: the framework waits for each end of playback before the next reply."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from livekit import rtc
from livekit.agents import Agent, llm

from avatar.audio_output import AvatarAudioOutput
from tests.avatar.virtual_call import RATE, virtual_call

_LOUD = (b"\x00\x20" * (RATE // 10)) * 50  # five seconds


class SpeechModel(llm.RealtimeModel):
    """A model that detects that its caller begins to speak, and answers with five seconds of speech."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=llm.RealtimeCapabilities(
                message_truncation=True,
                turn_detection=True,
                user_transcription=False,
                auto_tool_reply_generation=False,
                audio_output=True,
                manual_function_calls=False,
            )
        )
        self.speech = SpeechModelSession(self)

    def session(self, *, turn_detection_disabled: bool = False) -> llm.RealtimeSession[Any]:
        return self.speech

    async def aclose(self) -> None:
        pass


class SpeechModelSession(llm.RealtimeSession[Any]):
    """The model's side of a call.

    Attributes:
        truncations: Milliseconds that were heard of each interrupted reply.
    """

    def __init__(self, model: SpeechModel) -> None:
        super().__init__(model)
        self.truncations: list[int] = []

    chat_ctx = property(lambda _: llm.ChatContext.empty())
    tools = property(lambda _: llm.ToolContext.empty())

    def answer(self) -> None:
        """Answer, as after a turn of the caller."""
        message = llm.MessageGeneration("a-message", _words(), _speech(), _both())
        self.emit("generation_created", llm.GenerationCreatedEvent(_one(message), _none(), user_initiated=False))

    def hear(self) -> None:
        """Report that the caller begins to speak."""
        self.emit("input_speech_started", llm.InputSpeechStartedEvent())

    def truncate(self, *, audio_end_ms: int, **_: Any) -> None:
        self.truncations.append(audio_end_ms)

    async def update_instructions(self, instructions: str) -> None: ...
    async def update_chat_ctx(self, chat_ctx: llm.ChatContext) -> None: ...
    async def update_tools(self, tools: list[llm.Tool]) -> None: ...
    def update_options(self, **_: Any) -> None: ...
    def push_audio(self, frame: rtc.AudioFrame) -> None: ...
    def push_video(self, frame: rtc.VideoFrame) -> None: ...
    def generate_reply(self, **_: Any) -> Any: ...
    def commit_audio(self) -> None: ...
    def clear_audio(self) -> None: ...
    def interrupt(self) -> None: ...
    async def aclose(self) -> None: ...


async def _one(message: llm.MessageGeneration) -> AsyncIterator[llm.MessageGeneration]:
    yield message


async def _none() -> AsyncIterator[llm.FunctionCall]:
    return
    yield


async def _words() -> AsyncIterator[str]:
    yield "A long story."


def _both() -> asyncio.Future[list[Literal["text", "audio"]]]:
    modalities: asyncio.Future[list[Literal["text", "audio"]]] = asyncio.get_running_loop().create_future()
    modalities.set_result(["audio", "text"])
    return modalities


async def _speech() -> AsyncIterator[rtc.AudioFrame]:
    for at in range(0, len(_LOUD), RATE // 5):
        yield rtc.AudioFrame(_LOUD[at : at + RATE // 5], RATE, 1, RATE // 10)


@pytest.mark.looptime
async def test_each_interrupted_reply_is_finished_once() -> None:
    """Five replies are interrupted, each is finished within 0.07 s, and the model gets the heard duration."""
    model = SpeechModel()
    delays = []
    async with virtual_call() as call:
        await call.session.start(Agent(instructions="", llm=model, turn_detection=None))
        await call.is_live()
        output = call.output
        assert isinstance(output, AvatarAudioOutput)
        for count in range(1, 6):
            model.speech.answer()
            await call.until(lambda: output.played() > 1.0)
            model.speech.hear()
            at = call.now
            await call.until(lambda count=count: len(call.reports) == count)  # type: ignore[misc] # mypy can't infer it
            delays.append(call.now - at)
            await asyncio.sleep(1.0)

    assert len(call.reports) == 5
    assert all(report.interrupted and 1.0 < report.playback_position < 1.5 for report in call.reports)
    assert max(delays) <= 0.07
    assert model.speech.truncations == [int(report.playback_position * 1000) for report in call.reports]

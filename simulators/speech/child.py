"""A module of this package run as its own process and asked one question at a time.

espeak-ng is GPL and has global state, pocketsphinx holds the interpreter lock while it listens: neither belongs in the
process that serves sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from simulators.speech.frames import Frame, read_frame

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
_START_TIMEOUT = 60.0  # seconds: with a cold disk and a busy machine, loading the acoustic model takes seconds
_ANSWER_TIMEOUT = 30.0  # seconds: ten times the time of a long utterance
_QUESTIONS = 64  # most questions in the queue; further callers wait for a free place


class SpeechError(Exception):
    """The speech process cannot start, died twice on one question, or refused the question."""


@dataclass(frozen=True, slots=True)
class _Question:
    frame: Frame
    answer: asyncio.Future[Frame]


class ChildProcess:
    """Keeps one child running: restarts it when it dies, and asks the question on which it died once more.

    Args:
        module: Dotted name of a module that calls `frames.serve` when it is run.
        name: Its name in error messages.
    """

    def __init__(self, module: str, *, name: str) -> None:
        self._module = module
        self._name = name
        self._process: asyncio.subprocess.Process | None = None
        self._questions: asyncio.Queue[_Question] = asyncio.Queue(_QUESTIONS)
        self._worker: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running child."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the child and wait until it is ready. Raises `SpeechError` when it cannot."""
        if self._worker is None:
            await self._running()
            self._worker = asyncio.create_task(self._work(), name=f"{self._name} questions")

    async def ask(self, frame: Frame) -> Frame:
        """Ask in turn and wait for the answer. Raises `SpeechError`. A caller can be cancelled safely."""
        if self._worker is None:
            message = f"{self._name} is not running"
            raise SpeechError(message)
        question = _Question(frame, asyncio.get_running_loop().create_future())
        await self._questions.put(question)
        return await question.answer

    async def aclose(self) -> None:
        """End the child. Waiting questions fail."""
        worker, self._worker = self._worker, None
        if worker:
            worker.cancel()
            await asyncio.wait([worker])
        while not self._questions.empty():
            self._fail(self._questions.get_nowait(), SpeechError(f"{self._name} was closed"))
        await self._end()

    async def _work(self) -> None:
        """Ask the questions. Only this task reads the pipe, so a cancelled caller leaves no half answer in it."""
        while True:
            question = await self._questions.get()
            if question.answer.done():
                continue
            try:
                reply = await self._exchange(question.frame)
            except SpeechError as error:
                self._fail(question, error)
            except asyncio.CancelledError:
                self._fail(question, SpeechError(f"{self._name} was closed"))
                raise
            else:
                if not question.answer.done():
                    question.answer.set_result(reply)

    @staticmethod
    def _fail(question: _Question, error: SpeechError) -> None:
        if not question.answer.done():
            question.answer.set_exception(error)

    async def _exchange(self, frame: Frame) -> Frame:
        for _ in range(2):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                process = await self._running()
                async with asyncio.timeout(_ANSWER_TIMEOUT):
                    return await self._answer(process, frame)
            logger.warning("the speech process died and is restarted", extra={"speech_process": self._name})
            await self._end()
        message = f"{self._name} died twice on the same question"
        raise SpeechError(message)

    async def _answer(self, process: asyncio.subprocess.Process, frame: Frame) -> Frame:
        assert process.stdin  # noqa: S101 - piped in _running
        assert process.stdout  # noqa: S101 - piped in _running
        process.stdin.write(frame.encode())
        await process.stdin.drain()
        return self._checked(await read_frame(process.stdout))

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process and self._process.returncode is None:
            return self._process
        await self._end()
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            start_new_session=True,  # only the parent gets Ctrl-C; the child ends with its pipe
        )
        try:
            await self._until_ready(process)
        except BaseException:
            await self._end()
            raise
        return process

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout  # noqa: S101 - piped above
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                self._checked(await read_frame(process.stdout))
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            message = f"{self._name} could not be started with {sys.executable} -m {self._module}"
            raise SpeechError(message) from error

    def _checked(self, reply: Frame) -> Frame:
        if error := reply.fields.get("error"):
            message = f"{self._name}: {error}"
            raise SpeechError(message)
        return reply

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        # communicate() instead of wait(), as it also closes both pipes
        await process.communicate()

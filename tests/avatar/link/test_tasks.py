"""The tasks of an executor: kept, guarded and ended."""

import asyncio
import logging

import pytest

from avatar.link.tasks import Tasks

pytestmark = pytest.mark.looptime


async def hang() -> None:
    """Never return."""
    await asyncio.Event().wait()


async def fail() -> None:
    """Raise an unexpected error."""
    message = "a mistake"
    raise LookupError(message)


async def test_a_failure_is_logged_and_reported() -> None:
    """The executor has to answer the machine, whatever happens."""
    tasks = Tasks()
    failures: list[Exception] = []
    await asyncio.wait([tasks.start(fail(), "a_task", failures.append)])

    assert [type(failure) for failure in failures] == [LookupError]


async def test_closing_cancels_running_tasks() -> None:
    """Tasks that have not begun are cancelled too."""
    tasks = Tasks()
    running = [tasks.start(hang(), "a_task", lambda _: None) for _ in range(2)]
    await asyncio.sleep(0)
    running.append(tasks.start(hang(), "a_task", lambda _: None))
    await tasks.aclose(1.0)

    assert all(task.cancelled() for task in running)


async def test_closing_interrupts_no_clean_up() -> None:
    """A task that was cancelled before may finish its clean-up."""
    tasks = Tasks()
    cleaned_up: list[bool] = []

    async def clean_up() -> None:
        try:
            await hang()
        finally:
            await asyncio.sleep(0.5)
            cleaned_up.append(True)

    task = tasks.start(clean_up(), "a_task", lambda _: None)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    await tasks.aclose(1.0)

    assert cleaned_up == [True]


async def test_closing_takes_no_longer_than_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    """A task that ignores its cancellation is named in the log."""
    tasks = Tasks()
    is_released = asyncio.Event()

    async def ignore() -> None:
        while not is_released.is_set():
            try:
                await is_released.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.start(ignore(), "a_task", lambda _: None)
    await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    await tasks.aclose(1.0)

    assert asyncio.get_running_loop().time() - began == pytest.approx(1.0)
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert (record.message, vars(record)["task"]) == ("work for the avatar did not end in time", "a_task")
    is_released.set()
    await task

"""The pipe between a speech process and its parent."""

import asyncio
import sys

from simulators.speech.frames import Frame, read_frame


async def test_a_frame_is_read_as_it_was_written() -> None:
    """Fields and bytes of any length arrive together."""
    frame = Frame({"text": "déjà vu", "times": [0.1, 2.0]}, bytes(range(256)) * 1000)
    reader = asyncio.StreamReader()
    reader.feed_data(frame.encode())

    assert await read_frame(reader) == frame


async def test_a_process_ends_with_its_pipe() -> None:
    """A killed parent leaves no process behind: the end of the pipe ends the child."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.speech.espeak", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout
    assert (await read_frame(child.stdout)).fields == {"ready": True}
    await child.communicate(b"")

    assert child.returncode == 0


async def test_a_bad_question_is_answered_and_the_next_one_too() -> None:
    """The answer is an error; the process continues."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.speech.espeak", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin
    assert child.stdout
    await read_frame(child.stdout)
    voice = {"variant": "xx-nowhere", "words_per_minute": 150, "pitch": 50, "pitch_range": 50, "volume": 100}
    for variant in ("xx-nowhere", "en-us"):
        child.stdin.write(Frame({"text": "one", "voice": voice | {"variant": variant}}).encode())

    assert "no voice 'xx-nowhere'" in (await read_frame(child.stdout)).fields["error"]
    assert (await read_frame(child.stdout)).payload
    await child.communicate(b"")

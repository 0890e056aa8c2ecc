"""The frames between a speech process and its parent: a JSON object, then bytes, preceded by both lengths.

The child's side, which is synchronous, is here too, so that one file shows the whole exchange.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_LENGTHS = struct.Struct(">II")


class Frame(NamedTuple):
    """One question or one answer."""

    fields: dict[str, Any]
    payload: bytes = b""

    def encode(self) -> bytes:
        """Return the frame as bytes."""
        head = json.dumps(self.fields).encode()
        return _LENGTHS.pack(len(head), len(self.payload)) + head + self.payload


def _decode(head: bytes, payload: bytes) -> Frame:
    return Frame(json.loads(head), payload)


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """Read one frame in the parent; raises `asyncio.IncompleteReadError` when the child is gone."""
    head_bytes, payload_bytes = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    return _decode(await reader.readexactly(head_bytes), await reader.readexactly(payload_bytes))


def serve(start: Callable[[], Callable[[Frame], Frame]]) -> None:
    """Run the child: call `start` once, report that it is ready, then answer frames until the parent closes the pipe.

    Args:
        start: Loads the library and returns the function that answers. An exception of `start` is sent to the parent
            instead of "ready"; one of that function, as the answer.
    """
    stdin, stdout = sys.stdin.buffer, _private_stdout()
    try:
        answer = start()
    except Exception as error:  # noqa: BLE001 - the parent reports any error
        _write(stdout, _failure(error))
        return
    _write(stdout, Frame({"ready": True}))
    while lengths := stdin.read(_LENGTHS.size):
        head_bytes, payload_bytes = _LENGTHS.unpack(lengths)
        question = _decode(stdin.read(head_bytes), stdin.read(payload_bytes))
        try:
            reply = answer(question)
        except Exception as error:  # noqa: BLE001 - one bad question must not end the process
            reply = _failure(error)
        _write(stdout, reply)


def _private_stdout() -> BinaryIO:
    """Return the pipe to the parent, out of reach of native libraries that print to descriptor 1."""
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return pipe


def _failure(error: Exception) -> Frame:
    return Frame({"error": f"{type(error).__name__}: {error}"})


def _write(pipe: BinaryIO, frame: Frame) -> None:
    pipe.write(frame.encode())
    pipe.flush()

"""`python -m simulators.portrait OUT.png`: paints a sheet of the face's moods and mouths."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from simulators.portrait.painter import FacePainter, Mood

WIDTH, HEIGHT = 1280, 720
FACE = (430, 40, 850, 460)
COLUMNS = 4


def main() -> None:
    """Paint the sheet."""
    parser = argparse.ArgumentParser(prog="python -m simulators.portrait", description=__doc__)
    parser.add_argument("out", type=Path, help="file to write")
    out: Path = parser.parse_args().out
    faces = list(_faces())
    width, height = FACE[2] - FACE[0], FACE[3] - FACE[1]
    sheet = Image.new("RGB", (COLUMNS * width, -(-len(faces) // COLUMNS) * height))
    for number, face in enumerate(faces):
        sheet.paste(face, (number % COLUMNS * width, number // COLUMNS * height))
    sheet.save(out)


def _faces() -> Iterator[Image.Image]:
    for roundness in (0.2, 0.9):
        for mouth in (0.0, 0.3, 0.6, 1.0):
            yield _face(2.4, mouth, "talking", roundness)
    moods: tuple[Mood, ...] = ("idle", "listening")
    for mood in moods:
        yield _face(6.5, 0.0, mood, 0.4)
    for t in (1.65, 1.71):
        yield _face(t, 0.0, "idle", 0.4)


def _face(t: float, mouth: float, mood: Mood, roundness: float) -> Image.Image:
    painter = FacePainter(WIDTH, HEIGHT)
    picture = painter.draw(t, mouth, mood, roundness=roundness)
    return Image.frombytes("RGBA", (WIDTH, HEIGHT), picture).convert("RGB").crop(FACE)


if __name__ == "__main__":
    main()

"""Extracts the text of documents. Runs in its own process (`reader.py`): a document may be broken on purpose.

It reads one JSON object in each line of standard input, `{"kind", "path"}`, and writes one for each, `{"title",
"sections": [[where, text], ...]}` or `{"error"}`.
"""

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from agent.knowledge.passages import Section, sections_of_markdown

# Most characters and pages of a document; the rest is left out.
_LONGEST_TEXT = 2_000_000
_MOST_PAGES = 2_000

_Document = tuple[str, list[Section]]


def extract(kind: str, data: bytes) -> _Document:
    """Extract the text of a document.

    Returns:
        The document's own title, which may be empty, and its sections.

    Raises:
        Exception: Whatever the library for this kind of document raises.
    """
    title, sections = _EXTRACTORS[kind](data)
    return " ".join(title.split()), _bounded(sections)


def _pdf(data: bytes) -> _Document:
    import pypdf  # noqa: PLC0415 - the worker, which imports this module for its tests, never needs it

    reader = pypdf.PdfReader(io.BytesIO(data))
    title = (reader.metadata.title if reader.metadata else None) or ""
    pages = (
        Section(f"page {number}", page.extract_text()) for number, page in enumerate(reader.pages[:_MOST_PAGES], 1)
    )
    return title, list(pages)


def _html(data: bytes) -> _Document:
    import trafilatura  # noqa: PLC0415 - as above

    metadata = trafilatura.extract_metadata(data)
    text = trafilatura.extract(data, output_format="markdown", include_comments=False, include_tables=True)
    title = (metadata.title if metadata else None) or ""
    # If no article is found, take the whole page.
    return title, sections_of_markdown(text or trafilatura.html2txt(data))


def _markdown(data: bytes) -> _Document:
    sections = sections_of_markdown(_decoded(data))
    return "", sections


def _text(data: bytes) -> _Document:
    return "", [Section("", _decoded(data))]


_EXTRACTORS: dict[str, Callable[[bytes], _Document]] = {
    "pdf": _pdf,
    "html": _html,
    "markdown": _markdown,
    "text": _text,
}


def _decoded(data: bytes) -> str:
    """Decode a text without a declared encoding: UTF-16 by its byte order mark, else UTF-8, else cp1252 (Windows)."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _bounded(sections: list[Section]) -> list[Section]:
    left, kept = _LONGEST_TEXT, list[Section]()
    for section in sections:
        # Lone surrogates, which a broken font yields, can be neither sent nor stored.
        text = section.text.encode("utf-8", "ignore").decode()[:left]
        left -= len(text)
        if text.strip():
            kept.append(Section(section.where, text))
    return kept


def _answer(request: str) -> dict[str, object]:
    asked = json.loads(request)
    try:
        title, sections = extract(asked["kind"], Path(asked["path"]).read_bytes())
    except Exception as error:  # noqa: BLE001 - a broken document fails in any way
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    if not sections:
        return {"error": "it has no text; a scan needs text recognition first"}
    return {"title": title, "sections": [[section.where, section.text] for section in sections]}


def main() -> None:
    """Answer requests until standard input ends."""
    # Output that libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for request in sys.stdin:
        answers.write(f"{json.dumps(_answer(request))}\n")
        answers.flush()


if __name__ == "__main__":
    main()

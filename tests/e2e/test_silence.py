"""A caller who asks something, is recognised by Flux, and is then silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conversation import conversation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# Words that the recogniser of the stand-ins knows.
PERSONA = """
name = "Nova"
instructions = "Tell the time."
tools = ["get_time"]

[answer]
max_sentences = 1

[silence]
ask_after = 3
most_asks = 1
lines = ["Are you there?"]
goodbye_after = 6
goodbye = "Goodbye."
"""


@pytest.mark.long
async def test_a_caller_is_answered_asked_and_left(stage: Stage, tmp_path: Path) -> None:
    """Deepgram's end of turn is used, the answer keeps its limit, and the goodbye is heard to its end."""
    flux = {"DEEPGRAM_MODEL": "flux-general-en"}
    async with conversation(stage, "silence", tmp_path, persona=PERSONA, settings=flux) as talk:
        await talk.say("tell me a story")
        session = await talk.books(lambda session: session["state"] == "ended")
        answers = [segment.text.strip() for segment in talk.answers]

    assert answers[0].startswith("Once there was ")
    assert answers[0].count(".") == 1
    assert answers[1:] == ["Are you there?", "Goodbye."]
    assert [utterance["interrupted"] for utterance in session["utterances"]] == [False] * 3

"""The differences between OpenAI and other servers with its protocol.

Each dialect has its own base URL: `/dialects/NAME/v1`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

FinishReason = Literal["tool_calls", "stop", "length", "function_call"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences of a server's answers.

    Attributes:
        call_finish: The `finish_reason` of an answer that calls a tool; None if it stays null.
        call_form: Place of a tool call: in `tool_calls`, in the deprecated `function_call`, or in the text.
        call_id: The id of each call; None for a new one each time.
        has_index: Whether the pieces of a call have its index.
        refuses: Fields that are answered with 400: "strict", "stream_options" or "tools".
        thoughts: Place of a model's thoughts: in the text between tags, in the text before a lone closing tag, in a
            separate field, or nowhere, with only a pause.
    """

    call_finish: FinishReason | None = "tool_calls"
    call_form: Literal["tool_calls", "function_call", "function tag", "tool_call tag", "json"] = "tool_calls"
    call_id: str | None = None
    has_index: bool = True
    refuses: frozenset[str] = frozenset()
    thoughts: Literal["", "tags", "lone tag", "field", "silence"] = ""


OPENAI: Final = Dialect()

# Seen in llama.cpp, vLLM, Ollama, LM Studio, Groq and others: livekit/agents issues 3114, 4133 and similar ones.
DIALECTS: Final[dict[str, Dialect]] = {
    "finish_null": Dialect(call_finish=None),
    "finish_stop": Dialect(call_finish="stop"),
    "finish_length": Dialect(call_finish="length"),
    "finish_function_call": Dialect(call_finish="function_call"),
    "function_call": Dialect(call_finish="function_call", call_form="function_call"),
    "empty_id": Dialect(call_id=""),
    "same_id": Dialect(call_id="call_0"),
    "no_index": Dialect(has_index=False, call_finish="stop"),
    "no_strict": Dialect(refuses=frozenset({"strict"})),
    "no_stream_options": Dialect(refuses=frozenset({"stream_options"})),
    "no_tools": Dialect(refuses=frozenset({"tools"})),
    "function_tag": Dialect(call_finish="stop", call_form="function tag"),
    "tool_call_tag": Dialect(call_finish="stop", call_form="tool_call tag"),
    "json_call": Dialect(call_finish="stop", call_form="json"),
    "think": Dialect(thoughts="tags"),
    "unopened_think": Dialect(thoughts="lone tag"),
    "reasoning": Dialect(thoughts="field"),
    "silent_reasoning": Dialect(thoughts="silence"),
}

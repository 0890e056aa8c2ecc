"""One object of a streamed completion, in whatever shape a server sends it."""

from hypothesis import example, given
from hypothesis import strategies as st

from agent.conversation.server_chunks import read_chunk
from agent.conversation.tool_calls import ToolCalls

NAMES = ["choices", "delta", "message", "content", "text", "tool_calls", "function", "name", "arguments", "index", "id"]
LEAVES = st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from(["", "a", "0", "{}", "null"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)
REPLIES = OBJECTS | OBJECTS.map(lambda delta: {"choices": [{"delta": delta}]})


@example([{"choices": True}])
@example([{"choices": [{"delta": "Hi"}]}])
@given(st.lists(REPLIES, max_size=3))
def test_no_object_ends_the_answer(replies: list[dict[str, object]]) -> None:
    """Unreadable parts are left out; the text is a string, and each call has a name and arguments."""
    calls = ToolCalls([], {"a"})
    for reply in replies:
        chunk = read_chunk(reply)
        assert isinstance(chunk.text, str)
        calls.take(chunk.calls)

    assert all(call.function and call.function.name and call.function.arguments for call in calls.pop())

"""Thoughts that a model writes into its answer and that must not be spoken. Pure."""

import re

# Tags that models put around their thoughts: DeepSeek, Qwen and related models, Seed, Mistral, Command, Kimi, and
# gpt-oss when its server leaves the raw format in.
THOUGHT_NAMES = (
    r"(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad|(?:inner|internal)_?monologue|antThinking)"
)
THOUGHTS_START = re.compile(
    rf"<(?:\w+:)?{THOUGHT_NAMES}(?:\s[^<>]*)?>|\[THINK\]|◁think▷"
    rf"|<[|｜](?:begin[_▁]of[_▁]|start[_▁])?{THOUGHT_NAMES}[|｜]>"
    r"|<\|channel\|>\s*(?:analysis|commentary)[^<]*<\|message\|>",
    re.IGNORECASE,
)

# The end of thoughts, even of those that no tag opened.
LONE_THOUGHTS_END = re.compile(
    rf"</(?:\w+:)?{THOUGHT_NAMES}\s*>|\[/THINK\]|◁/think▷|<[|｜](?:/|end[_▁](?:of[_▁])?){THOUGHT_NAMES}[|｜]>",
    re.IGNORECASE,
)
# The last three end other texts too: `<|end|>` follows every answer of Phi.
THOUGHTS_END = re.compile(rf"{LONE_THOUGHTS_END.pattern}|<\|(?:end|call|return)\|>", re.IGNORECASE)

_OPEN, _CLOSE = "<think>", "</think>"


class UnopenedThoughts:
    """Finds thoughts that only a closing tag marks, and adds the opening tag.

    If a server's chat template has the opening tag, an answer begins with thoughts and has only a closing tag after
    them. Until that tag, or the answer's end, answers with and without thoughts look the same. So the first answer is
    held back, unless thoughts are ruled out before. Later answers are held back only if the first one had thoughts.

    Args:
        is_possible: Whether the model may write such thoughts at all.
    """

    def __init__(self, *, is_possible: bool) -> None:
        self._is_expected = is_possible
        self._is_holding = False
        self._held = ""

    def begin(self) -> None:
        """Begin an answer."""
        self._is_holding, self._held = self._is_expected, ""

    def rule_out(self) -> None:
        """Expect no thoughts: the model was seen to answer without them."""
        self._is_expected = False

    def take(self, text: str) -> str:
        """Take more of the answer.

        Returns:
            Text to pass on; thoughts in it have both tags.
        """
        if not self._is_holding:
            return text
        self._held += text
        if not self._is_expected:
            return self.end()
        start, end = THOUGHTS_START.search(self._held), LONE_THOUGHTS_END.search(self._held)
        if start is None and end is None:
            return ""
        self._is_holding = False
        self._is_expected = start is None or (end is not None and end.start() < start.start())
        if not self._is_expected or end is None:
            return self._held
        return f"{_OPEN}{self._held[: end.start()]}{_CLOSE}{self._held[end.end() :]}"

    def end(self) -> str:
        """End the answer.

        Returns:
            The text that was held back, which has no thoughts.
        """
        if not self._is_holding:
            return ""
        self._is_expected = self._is_holding = False
        return self._held

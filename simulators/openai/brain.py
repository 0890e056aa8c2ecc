"""Finds the next reply in a conversation by the rules of the script, without state between requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulators.openai.clock import in_words
from simulators.openai.conversation import Call, Conversation, Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.openai.script import Rule, Script

# Fewest sentences of an answer that can be continued after an interruption.
LONG: Final = 4


@dataclass(frozen=True, slots=True)
class Brain:
    """The source of replies; not a language model.

    Attributes:
        script: All rules and sentences.
    """

    script: Script

    def reply(self, conversation: Conversation) -> Say | Call:
        """Return the reply to a conversation; only tools that it offers are called."""
        if conversation.result is not None:
            return Say(self._tell(conversation, conversation.result))
        if conversation.is_asked:
            return self._reply_to(conversation.questions[-1], conversation)
        return Say(self.script.fallback[-1] if conversation.replies else self.script.opening)

    def _reply_to(self, said: str, conversation: Conversation) -> Say | Call:
        rule = self.script.rule_for(said)
        if rule is None:
            return Say(self._next(self.script.fallback, None, conversation))
        reply: Say | Call | None = None
        match rule.action:
            case "call":
                reply = self._call(rule.tool, self._slots(said), conversation) or Say(rule.say_without)
            case "again":
                reply = self._call_again(said, conversation)
            case "go on":
                reply = self._rest(conversation)
            case "repeat" if conversation.replies:
                reply = Say(conversation.replies[-1])
            case "answer" | "repeat":
                pass
        return reply or Say(self._next(rule.say, rule, conversation))

    def _next(self, say: Sequence[str], rule: Rule | None, conversation: Conversation) -> str:
        """Return the rule's first sentence the first time, then the next, in turns."""
        earlier = [question for question in conversation.questions[:-1] if self.script.rule_for(question) == rule]
        return say[len(earlier) % len(say)]

    def _tell(self, conversation: Conversation, result: str) -> str:
        """Return a reply with a tool's result, with times in words."""
        result = in_words(result)
        call = conversation.last_call
        rule = self.script.rule_calling(call.tool) if call else None
        return self._next(rule.say, rule, conversation).format(result=result) if rule else result

    def _call(self, tool: str, slots: dict[str, str], conversation: Conversation) -> Call | None:
        """Call a tool if it is offered, with its parameters; unmentioned slots have their defaults."""
        if (parameters := conversation.tools.get(tool)) is None:
            return None
        defaults = {name: slot.default for name, slot in self.script.slots.items()}
        return Call(tool, {name: value for name, value in (defaults | slots).items() if name in parameters})

    def _call_again(self, said: str, conversation: Conversation) -> Call | None:
        """Repeat the last call with new slots: "and in London?"."""
        last, slots = conversation.last_call, self._slots(said)
        return self._call(last.tool, last.arguments | slots, conversation) if last and slots else None

    def _slots(self, said: str) -> dict[str, str]:
        found = {name: slot.words.search(said) for name, slot in self.script.slots.items()}
        return {name: slot[0] if name == "day" else slot[0].title() for name, slot in found.items() if slot}

    def _rest(self, conversation: Conversation) -> Say | None:
        """Return the rest of the latest long answer that was interrupted, from the interrupted sentence on."""
        answers = [answer for rule in self.script.rules for answer in rule.say if answer.count(".") >= LONG]
        for heard in reversed(conversation.replies):
            for answer in answers:
                if heard != answer and answer.startswith(heard):
                    told = len(re.findall(r"[.?](?= |$)", heard))
                    return Say(" ".join(re.split(r"(?<=[.?]) ", answer)[told:]))
        return None

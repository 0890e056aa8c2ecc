"""Why a request was refused: a code for programs, and a sentence for people."""

import json

from livekit import rtc
from pydantic import ValidationError

BAD_PAYLOAD, NOT_THE_CALLER, NO_SUCH_PERSONA, NOT_NOW, TOO_LONG, TOO_MANY = 400, 403, 404, 409, 413, 429
NO_SUCH_REPEAT = NO_SUCH_PERSONA

CODES = {
    BAD_PAYLOAD: "the payload is not what the method takes; the message says what is wrong",
    NOT_THE_CALLER: "the participant who calls the method does not take part in the call",
    NO_SUCH_PERSONA: "there is no such persona, or no such repeat",
    NOT_NOW: "not now: the call has not begun or is ending, or another step has to come first",
    TOO_LONG: "the text is too long",
    TOO_MANY: 'too many calls; `data` is `{"retry_after": seconds}`',
}


class RefusalError(Exception):
    """A request of a caller was refused.

    Args:
        code: One of `CODES`.
        sentence: For the person who asked.
        retry_after: Seconds after which another attempt can succeed.
    """

    def __init__(self, code: int, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.retry_after = retry_after

    def to_rpc(self) -> rtc.RpcError:
        """Return the error as LiveKit carries it to the participant who called."""
        data = None if self.retry_after is None else json.dumps({"retry_after": self.retry_after})
        return rtc.RpcError(self.code, str(self), data)


def refusal_of(error: ValidationError) -> RefusalError:
    """Say what is wrong with a payload, without repeating its values."""
    problems = error.errors(include_input=False, include_url=False)
    is_too_long = any(problem["type"] == "string_too_long" for problem in problems)
    sentences = [": ".join(filter(None, (".".join(map(str, each["loc"])), each["msg"]))) for each in problems]
    return RefusalError(TOO_LONG if is_too_long else BAD_PAYLOAD, "; ".join(sentences))

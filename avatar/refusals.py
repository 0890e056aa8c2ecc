"""The meaning of a refusal by the service, read from its words, its code and its HTTP status. Pure.

The words are the most specific: codes contradict each other between reports, and one status stands for many reasons.
So the rules are tried by words first, then by code, then by status. Numbers in brackets are field observations.
"""

import re
from dataclasses import dataclass

from avatar.core.refusal import Refusal

_FIRST_CLIENT_ERROR = 400
_FIRST_SERVER_ERROR = 500
_REQUEST_TIMEOUT = 408


@dataclass(frozen=True, slots=True)
class _Rule:
    """One kind of refusal: how it is recognised, and what to do about it.

    `advice` may refer to the groups of `words`.
    """

    refusal: Refusal
    advice: str
    words: str | None = None
    codes: frozenset[int] = frozenset()
    statuses: frozenset[int] = frozenset()


_RULES = (
    # "Session concurrency limit reached", 403, code 4032 or 4003 (62).
    _Rule(
        Refusal.NO_SLOT,
        "end another session, or raise the plan's concurrency",
        words="concurren",
        codes=frozenset({4032, 4003}),
    ),
    # "Insufficient credits", 403, or code 4033 (64).
    _Rule(
        Refusal.NO_CREDITS,
        "buy credits, or use a sandbox session, which costs none",
        words=r"\bcredits?\b",
        codes=frozenset({4033}),
        statuses=frozenset({402}),
    ),
    _Rule(
        Refusal.RATE_LIMITED,
        "too many calls at once with this key",
        words="rate limit|too many requests",
        statuses=frozenset({429}),
    ),
    # "Bad LiveKit configuration. Input Livekit token needs to grant canPublishData permission.", 422 (21, 22).
    _Rule(
        Refusal.INVALID,
        r"the token with which the avatar joins the room lacks the grant \1: mint it with avatar.room_token",
        words=r"needs to grant (\w+)",
    ),
    _Rule(
        Refusal.INVALID,
        "check LIVEKIT_URL (or LIVEKIT_PUBLIC_URL), LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
        words=r"\blivekit",
    ),
    # "This avatar is not supported in sandbox mode", 400 (73).
    _Rule(
        Refusal.INVALID,
        "a sandbox session has one avatar of its own: set LIVEAVATAR_AVATAR_ID to it, or turn the sandbox off",
        words="sandbox",
    ),
    # "Avatar is expired" (74).
    _Rule(Refusal.INVALID, "choose another avatar: set LIVEAVATAR_AVATAR_ID", words=r"\bavatar\b.*\bexpired"),
    # "max_session_duration (600s) exceeds the maximum allowed (60s)", 400 (60).
    _Rule(Refusal.INVALID, "lower max_session_duration to what the plan allows", words="max_session_duration"),
    # 1080p is refused below the Business plan; the words of that refusal are not recorded (72).
    _Rule(
        Refusal.INVALID, "lower LIVEAVATAR_VIDEO_QUALITY", words=r"\bquality\b|_quality|1080p|very_high|\bresolution\b"
    ),
    # An id copied from HeyGen's panel may lack the dashes (20).
    _Rule(Refusal.INVALID, "check LIVEAVATAR_AVATAR_ID, a UUID with dashes", words=r"\bavatar"),
    # The edge in front of the API refuses some clients by itself (5).
    _Rule(Refusal.INVALID, "is a proxy or a firewall in between?", words="^an HTML page"),
    # The service answers 4001 to a key of HeyGen.com (19).
    _Rule(
        Refusal.UNAUTHORIZED,
        "check LIVEAVATAR_API_KEY (a HeyGen.com key does not work here)",
        codes=frozenset({4001}),
        statuses=frozenset({401, 403}),
    ),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The meaning of a refusal.

    Attributes:
        refusal: Its kind, which decides what to do next.
        advice: What a person can do about it; empty if nothing is known.
    """

    refusal: Refusal
    advice: str = ""


def judge(status: int, code: int | None, words: str) -> Judgement:
    """Decide what a refused or incomplete reply means.

    Args:
        status: HTTP status; below 400 the reply lacks a field that it should have.
        code: The service's own code in the envelope, if there is one.
        words: The text of the reply, including the names of refused fields.
    """
    if not _FIRST_CLIENT_ERROR <= status < _FIRST_SERVER_ERROR or status == _REQUEST_TIMEOUT:
        return Judgement(Refusal.UNREACHABLE)
    for rule in _RULES:
        if rule.words and (match := re.search(rule.words, words, re.IGNORECASE | re.DOTALL)):
            return Judgement(rule.refusal, match.expand(rule.advice))
    for rule in _RULES:
        if code in rule.codes:
            return Judgement(rule.refusal, rule.advice)
    for rule in _RULES:
        if status in rule.statuses:
            return Judgement(rule.refusal, rule.advice)
    return Judgement(Refusal.INVALID)

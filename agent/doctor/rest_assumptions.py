"""The assumptions about the REST interface."""

import json
from typing import Any
from urllib.parse import urlsplit

from agent.doctor.assumptions import NOT_SEEN, Assumption, Outcome, Verdict, between, verdict, within
from agent.doctor.recorded import Exchange, RecordedCall

TOKEN, START, STOP = "/sessions/token", "/sessions/start", "/sessions/stop"
KEEP_ALIVE, CREDITS = "/sessions/keep-alive", "/users/credits"

_LONGEST_START_S = 30.0
_SUCCESS_CODES = {0, 100, 200, 1000}
_HOSTS = (".heygen.io", ".liveavatar.com")
_OVER = (200, 404)
# Credits that a bill may differ by: the balance has one decimal, and the session runs a little longer than recorded.
_CREDITS_APART = 0.3


def _grants(call: RecordedCall) -> Verdict:
    token = call.first(TOKEN)
    if token is None or token.status is None or not token.field("livekit_config"):
        return NOT_SEEN
    if token.is_success:
        return verdict("the token was accepted", holds=True)
    return verdict(_words(token), holds=False) if "grant" in json.dumps(token.reply) else NOT_SEEN


def _start_time(call: RecordedCall) -> Verdict:
    start = call.first(START)
    if start is not None and start.error == "timeout":
        return verdict("no answer came", holds=False)
    return within(None if start is None else start.seconds, _LONGEST_START_S)


def _codes(call: RecordedCall) -> Verdict:
    replies = [each.reply for each in call.exchanges if each.is_success and isinstance(each.reply, dict)]
    codes = sorted({reply["code"] for reply in replies if isinstance(reply.get("code"), int)})
    return verdict(f"code {', '.join(map(str, codes))}", holds=set(codes) <= _SUCCESS_CODES) if codes else NOT_SEEN


def _start_fields(call: RecordedCall) -> Verdict:
    start = call.first(START)
    if start is None or not start.is_success:
        return NOT_SEEN
    duration = start.field("max_session_duration")
    return verdict(f"max_session_duration is {duration}", holds=bool(start.field("ws_url")) and duration is not None)


def _host(call: RecordedCall) -> Verdict:
    if not call.sockets:
        return NOT_SEEN
    host = urlsplit(call.sockets[0].url).hostname or ""
    return verdict(host, holds=host.endswith(_HOSTS))


def _credits_type(call: RecordedCall) -> Verdict:
    left = _credits(call)
    return verdict(json.dumps(left[0]), holds=isinstance(left[0], str)) if left else NOT_SEEN


def _price(call: RecordedCall) -> Verdict:
    token, left = call.first(TOKEN), _credits(call)
    seconds = between(call.replied_at(START), call.replied_at(STOP))
    if token is None or len(left) < 2 or seconds is None:  # noqa: PLR2004 - before and after
        return NOT_SEEN
    cost = float(left[0]) - float(left[-1])
    expected = 0.0 if token.field("is_sandbox") else seconds / 60
    if cost == 0 and expected:
        return Verdict(Outcome.NOT_SEEN, "the balance has not changed yet")
    return verdict(f"{cost:g} credits for {seconds:.0f} s", holds=abs(cost - expected) <= _CREDITS_APART)


def _keep_alive(call: RecordedCall) -> Verdict:
    return _is_accepted(call.first(KEEP_ALIVE))


def _stop(call: RecordedCall) -> Verdict:
    return _is_accepted(next(iter(call.calls_of(STOP)), None))


def _second_stop(call: RecordedCall) -> Verdict:
    stops = [each for each in call.calls_of(STOP) if each.status is not None]
    if len(stops) < 2 or not stops[0].is_success:  # noqa: PLR2004 - the second one
        return NOT_SEEN
    again = stops[1]
    return verdict(_words(again), holds=again.status in _OVER or "already" in _words(again).lower())


def _rate_headers(call: RecordedCall) -> Verdict:
    replies = [each for each in call.exchanges if each.status is not None]
    headers = {name.lower() for each in replies for name in each.headers}
    if not replies:
        return NOT_SEEN
    return verdict(", ".join(sorted(headers)) or "no such header", holds=any("ratelimit" in name for name in headers))


def _is_accepted(exchange: Exchange | None) -> Verdict:
    if exchange is None or exchange.status is None:
        return NOT_SEEN
    return verdict(_words(exchange), holds=exchange.is_success)


def _words(exchange: Exchange) -> str:
    """Return a reply's status, code and message."""
    reply: Any = exchange.reply if isinstance(exchange.reply, dict) else {}
    told = [str(reply[name]) for name in ("code", "message") if reply.get(name) not in {None, ""}]
    return f"{exchange.status}{': ' if told else ''}{' '.join(told)}"


def _credits(call: RecordedCall) -> list[Any]:
    """Return the balances as they came; values that are not numbers in any form are left out."""
    left = [each.field("credits_left") for each in call.calls_of(CREDITS) if each.is_success]
    return [each for each in left if _is_number(each)]


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


REST = (
    Assumption("21, 22", "The room token's grants are accepted.", _grants),
    Assumption("2, 3", "A start is answered within 30 s.", _start_time),
    Assumption("14", "The code of a success is 100, 1000, 200 or 0.", _codes),
    Assumption("15", "The start reply has ws_url and max_session_duration.", _start_fields),
    Assumption("16", "The WebSocket is on a host of heygen.io or liveavatar.com.", _host),
    Assumption("18", "The balance is a text.", _credits_type),
    Assumption("66, 80", "A session costs a credit a minute, pro rata; in the sandbox nothing.", _price),
    Assumption("10", "A REST keep-alive with the API key and the session's id is accepted.", _keep_alive),
    Assumption("12", "A stop with the API key is accepted.", _stop),
    Assumption("12", "A stop of a session that is over is accepted, or says so.", _second_stop),
    Assumption("68", "Replies carry X-RateLimit headers.", _rate_headers),
)

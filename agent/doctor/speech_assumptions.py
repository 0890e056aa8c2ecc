"""The assumptions about the WebSocket, about speech and about the avatar in the room."""

from agent.doctor.assumptions import NOT_SEEN, Assumption, Verdict, between, verdict, within
from agent.doctor.recorded import (
    AUDIBLE,
    JOINED,
    LEFT,
    SOUND_FRAMES,
    TRACK,
    VIDEO,
    Message,
    RecordedCall,
    Utterance,
)
from agent.doctor.rest_assumptions import START, STOP, TOKEN

_CONNECTED_S = 3.0
_JOINED_S = 8.0
_FIRST_SPEECH_S = 4.0
_LATER_SPEECH_S = 1.5
_ACKNOWLEDGED_S = 0.5
_SILENT_S = 0.8
# Seconds by which the heard duration and the audio may differ: encoders, packets and the threshold for sound.
_APART_S = 0.6
_FRAMES_PER_SECOND = range(23, 28)

# LiveKit calls Opus audio/red if it is sent with redundancy.
_TRACKS = [["avatar (camera, video/h264)", f"avatar-audio (microphone, audio/{codec})"] for codec in ("opus", "red")]

_STATES = {"agent.state_updated"}
_SPEECH = {"agent.speak_started", "agent.speak_ended"}
_BUFFER = {"agent.audio_buffer_appended", "agent.audio_buffer_committed", "agent.audio_buffer_cleared"}


# The WebSocket


def _connected(call: RecordedCall) -> Verdict:
    start = call.first(START)
    if not call.opened or start is None:
        return NOT_SEEN
    seconds = between(start.replied_at, call.opened[0].connected_at)
    if seconds is None:
        return verdict("it was not reported", holds=False)
    return within(max(seconds, 0.0), _CONNECTED_S)


def _untold_is_ready(call: RecordedCall) -> Verdict:
    untold = [each for each in call.utterances if each.socket is call.opened[0] and not _was_told(each)]
    if not untold:
        return NOT_SEEN
    return _is_heard(call, untold[0])


def _told_once(call: RecordedCall) -> Verdict:
    if len(call.opened) < 2 or call.opened[0].connected_at is None:  # noqa: PLR2004 - the second one
        return NOT_SEEN
    again = between(call.opened[1].opened_at, call.opened[1].connected_at)
    return verdict("not reported" if again is None else f"reported after {again:.2f} s", holds=again is None)


def _second_socket_speaks(call: RecordedCall) -> Verdict:
    later = [each for each in call.utterances if each.socket is not call.opened[0]]
    if not later:
        return NOT_SEEN
    return _is_heard(call, later[0])


def _closed_after_stop(call: RecordedCall) -> Verdict:
    stop = call.first(STOP)
    if not call.opened or stop is None or stop.replied_at is None:
        return NOT_SEEN
    socket = call.opened[-1]
    if socket.closed_by != "service":
        return verdict("it stayed open", holds=False)
    return verdict(f"code {socket.close_code}", holds=True)


def _both_families(call: RecordedCall) -> Verdict:
    return _has_types(call, _STATES | _SPEECH)


def _buffer_events(call: RecordedCall) -> Verdict:
    return _has_types(call, _BUFFER)


def _echoes(call: RecordedCall) -> Verdict:
    ours = {message.event_id for socket in call.opened for message in socket.messages if message.is_ours}
    answers = [message for message in call.received if message.type.startswith("agent.")]
    if not ours or not answers:
        return NOT_SEEN
    echoed = sum(message.source in ours for message in answers)
    return verdict(f"{echoed} of {len(answers)} events", holds=echoed > 0)


def _no_errors(call: RecordedCall) -> Verdict:
    if not call.received:
        return NOT_SEEN
    kinds = [_error_kind(message) for message in call.received if message.type in {"error", "warning"}]
    return verdict(", ".join(kinds) or "none", holds=not kinds)


# Speech


def _first_speech(call: RecordedCall) -> Verdict:
    return within(_starts_after(call, 0), _FIRST_SPEECH_S)


def _later_speech(call: RecordedCall) -> Verdict:
    return within(_starts_after(call, 1), _LATER_SPEECH_S)


def _acknowledged(call: RecordedCall) -> Verdict:
    interrupt, cleared = _interrupt_and_answer(call)
    if interrupt is None:
        return NOT_SEEN
    if cleared is None:
        return verdict("it was not acknowledged", holds=False)
    return within(cleared.at - interrupt.at, _ACKNOWLEDGED_S)


def _names_interrupt(call: RecordedCall) -> Verdict:
    interrupt, cleared = _interrupt_and_answer(call)
    if interrupt is None or cleared is None:
        return NOT_SEEN
    return verdict(f"source_event_id is {cleared.source}", holds=cleared.source == interrupt.event_id)


def _silence(call: RecordedCall) -> Verdict:
    interrupt, _ = _interrupt_and_answer(call)
    if interrupt is None or call.noted(AUDIBLE) is None:
        return NOT_SEEN
    silent_at = call.silent_at(interrupt.at)
    if silent_at is None:
        return verdict("it was still heard", holds=False)
    return within(max(silent_at - interrupt.at, 0.0), _SILENT_S)


def _speaks_again(call: RecordedCall) -> Verdict:
    interrupt, _ = _interrupt_and_answer(call)
    later = [each for each in call.utterances if interrupt is not None and each.sent_at > interrupt.at]
    if not later:
        return NOT_SEEN
    return _is_heard(call, later[0])


def _plays_all(call: RecordedCall) -> Verdict:
    whole = next((each for each in call.utterances if each.interrupt is None), None)
    begin = None if whole is None else call.noted(AUDIBLE, after=whole.sent_at)
    end = None if begin is None else call.silent_at(begin.at)
    if whole is None or begin is None or end is None:
        return NOT_SEEN
    heard = end - begin.at
    return verdict(f"{heard:.1f} s of {whole.seconds:.1f} s were heard", holds=abs(heard - whole.seconds) <= _APART_S)


def _told_at_its_end(call: RecordedCall) -> Verdict:
    whole = next((each for each in call.utterances if each.interrupt is None), None)
    if whole is None:
        return NOT_SEEN
    later = [message for message in whole.socket.received if message.at >= whole.sent_at]
    began_at = next((message.at for message in later if message.tells_started), None)
    ends = [message for message in later if began_at is not None and message.at > began_at and message.tells_ended]
    # A state may also report a pause in the sound; if the end has an event of its own, use that.
    ended = next((message for message in ends if message.type == "agent.speak_ended"), ends[0] if ends else None)
    told = between(began_at, ended.at if ended else None)
    if told is None:
        return NOT_SEEN
    return verdict(f"reported for {told:.1f} s of {whole.seconds:.1f} s", holds=abs(told - whole.seconds) <= _APART_S)


# The avatar in the room


def _joins(call: RecordedCall) -> Verdict:
    return within(between(call.sent_at(TOKEN), call.noted_at(JOINED)), _JOINED_S)


def _tracks(call: RecordedCall) -> Verdict:
    tracks = [note.fields for note in call.notes if note.text == TRACK]
    if not tracks:
        return NOT_SEEN
    seen = sorted(f"{track.get('name')} ({track.get('source')}, {track.get('codec')})" for track in tracks)
    return verdict(", ".join(seen), holds=[each.lower() for each in seen] in _TRACKS)


def _silent_frames(call: RecordedCall) -> Verdict:
    frames, spoken = call.noted(SOUND_FRAMES), call.utterances
    if frames is None or not spoken:
        return NOT_SEEN
    before = spoken[0].sent_at - frames.at
    return verdict(f"{abs(before):.2f} s {'before' if before > 0 else 'after'} the first speech", holds=before > 0)


def _video(call: RecordedCall) -> Verdict:
    video = call.noted(VIDEO)
    if video is None:
        return NOT_SEEN
    rate = round(video.fields.get("frames_per_second", 0))
    return verdict(
        f"{video.fields.get('width')}x{video.fields.get('height')}, {rate} a second", holds=rate in _FRAMES_PER_SECOND
    )


def _leaves(call: RecordedCall) -> Verdict:
    stopped_at, left_at = call.sent_at(STOP), call.noted_at(LEFT)
    if stopped_at is None or call.noted(JOINED) is None:
        return NOT_SEEN
    if left_at is None:
        return verdict("it stayed", holds=False)
    return verdict(f"{abs(left_at - stopped_at):.2f} s from the stop", holds=left_at >= stopped_at)


def _is_heard(call: RecordedCall, utterance: Utterance) -> Verdict:
    heard = call.noted(AUDIBLE, after=utterance.sent_at) is not None
    return verdict("it was heard" if heard else "it was not heard", holds=heard)


def _was_told(utterance: Utterance) -> bool:
    told_at = utterance.socket.connected_at
    return told_at is not None and told_at <= utterance.sent_at


def _has_types(call: RecordedCall, types: set[str]) -> Verdict:
    seen = {message.type for message in call.received}
    if not seen or not call.utterances:
        return NOT_SEEN
    missing = sorted(types - seen)
    return verdict(f"missing: {', '.join(missing)}" if missing else "all of them came", holds=not missing)


def _error_kind(message: Message) -> str:
    body = message.fields.get(message.type)
    return str(body.get("type", message.type)) if isinstance(body, dict) else message.type


def _starts_after(call: RecordedCall, index: int) -> float | None:
    """Return the seconds from an utterance's first audio to its sound in the room, or else to the service's event."""
    if len(call.utterances) <= index:
        return None
    utterance = call.utterances[index]
    heard = call.noted(AUDIBLE, after=utterance.sent_at)
    told = (
        message.at for message in utterance.socket.received if message.tells_started and message.at >= utterance.sent_at
    )
    return between(utterance.sent_at, next(told, None) if heard is None else heard.at)


def _interrupt_and_answer(call: RecordedCall) -> tuple[Message | None, Message | None]:
    utterance = next((each for each in call.utterances if each.interrupt is not None), None)
    if utterance is None or utterance.interrupt is None:
        return None, None
    at = utterance.interrupt.at
    cleared = (each for each in utterance.socket.received if each.tells_cleared and each.at >= at)
    return utterance.interrupt, next(cleared, None)


SPEECH = (
    Assumption("31, 32", "`connected` comes on the first WebSocket within 3 s of the start.", _connected),
    Assumption("33, 35", "A session that has not reported `connected` speaks anyway.", _untold_is_ready),
    Assumption("36", "`connected` is not reported on a second WebSocket.", _told_once),
    Assumption("36", "A second WebSocket of a session takes speech.", _second_socket_speaks),
    Assumption("38", "The service closes the WebSocket after a stop.", _closed_after_stop),
    Assumption("42", "Events of both families come: speak_started and speak_ended, and state_updated.", _both_families),
    Assumption("42", "The buffer's events come: appended, committed, cleared.", _buffer_events),
    Assumption("49", "source_event_id names our commands.", _echoes),
    Assumption("51", "An ordinary call brings no error and no warning.", _no_errors),
    Assumption("43, 44", "A session's first speech begins within 4 s.", _first_speech),
    Assumption("43", "Later speech begins within 1.5 s.", _later_speech),
    Assumption("54", "An interrupt is acknowledged within 0.5 s.", _acknowledged),
    Assumption("57", "The acknowledgement names the interrupt.", _names_interrupt),
    Assumption("54", "The room is silent 0.8 s after an interrupt.", _silence),
    Assumption("55", "The session speaks again after an interrupt.", _speaks_again),
    Assumption("69", "Speech is heard for as long as its audio lasts.", _plays_all),
    Assumption("42, 48", "The end of a speech is reported when it was played.", _told_at_its_end),
    Assumption("24, 76", "The avatar joins with the token's identity, within 8 s of the token request.", _joins),
    Assumption("25", "Its tracks are `avatar` (H264) and `avatar-audio` (Opus).", _tracks),
    Assumption("26", "Its audio track carries frames before any speech.", _silent_frames),
    Assumption("77", "Its video has 25 frames a second.", _video),
    Assumption("12", "The avatar leaves the room after a stop.", _leaves),
)

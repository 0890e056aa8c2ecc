"""The transcript of a report as WebVTT subtitles (w3.org/TR/webvtt1). Pure."""

from agent.reports.report import CallReport, Line

# Shortest cue in seconds: players leave out cues without a duration.
_SHORTEST = 0.5


def webvtt(report: CallReport) -> str:
    """Write the subtitles: one cue for each sentence, with the speaker's name. Times count from the call's start."""
    return "\n\n".join(["WEBVTT", *(cue for line in report.transcript for cue in _cues(line))]) + "\n"


def _cues(line: Line) -> list[str]:
    starts = [cue.at for cue in line.cues]
    ends = [*starts[1:], line.end]
    name = _escaped(line.name or line.speaker)
    return [
        f"{_time(cue.at)} --> {_time(max(end, cue.at + _SHORTEST))}\n<v {name}>{_escaped(cue.text)}"
        for cue, end in zip(line.cues, ends, strict=False)
    ]


def _time(seconds: float) -> str:
    milliseconds = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _escaped(text: str) -> str:
    """Escape special characters of a cue, and join its lines, as an empty line would end it."""
    flat = " ".join(text.split())
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

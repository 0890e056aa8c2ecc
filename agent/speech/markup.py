"""Removes markup within a line: emphasis, links, HTML, formulas, footnotes. Pure."""

import html
import re

from livekit.agents.voice.transcription.filters import EMOJI_PATTERN, INLINE_PATTERNS

_COMMENT = re.compile(r"<!--.*?-->")
_HTML = (
    r"a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|figure|font|h[1-6]|hr|i|img|ins|kbd|li|"
    r"mark|ol|p|pre|q|s|samp|small|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var"
)
_ATTRIBUTES = r"(?:\s+[\w:-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*\s*/?"
# A tag that is not HTML counts as well, unless it follows a word, as in `list<int>`.
_TAG = re.compile(rf"(?:</?(?=(?:{_HTML})[\s/>])|</|(?<!\w)<)([A-Za-z][\w:-]*){_ATTRIBUTES}>", re.IGNORECASE)
_POWER = re.compile(r"<sup>(?=[-+]?\d+</sup>)", re.IGNORECASE)
_END_OF_CELL = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-fA-F]{1,6}|[A-Za-z]\w{1,31});")
# Tags that become a line break; other tags are removed.
_LINE_TAGS = frozenset(
    {"br", "p", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"}
)

_AUTOLINK = re.compile(r"<(?:mailto:)?((?:https?://|[\w.+-]+@)[^\s<>]+)>|\bmailto:(?=[\w.+-]+@)", re.IGNORECASE)
_NOTE = re.compile(r"\[\^[^\]\s]{1,20}\]:?|【\d[^】]{0,40}】")

# `\*` is an asterisk, which a private-use character replaces meanwhile, so that it is not taken for emphasis.
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~$-])")
_PRIVATE = 0xE000
_KEPT = re.compile("[\ue020-\ue07e]")

_FORMULA = re.compile(
    r"\$\$(.+?)\$\$|\\\((.+?)\\\)|\\\[(.+?)\\\]|(?<![\w$])\$(?=[^\s$]*[\\^_]|[^\s\d$][^$]*[\\^_=])([^$]+?)(?<!\s)\$(?![\w$])"
)
_FRACTION = re.compile(r"\\d?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+|[,;:! ])\s?")
_SYMBOLS = {
    "times": "\u00d7",
    "cdot": "\u00b7",
    "div": "\u00f7",
    "pm": "±",
    "approx": "≈",
    "infty": "∞",
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "ne": "≠",
    "neq": "≠",
    "to": "→",
    "rightarrow": "→",
    **dict.fromkeys(("text", "mathrm", "mathbf", "left", "right"), ""),
}

_UNDERSCORED = re.compile(r"(?<!\w)(_{1,3})(?=[^\W_])(\w*[^\W_])\1(?!\w)")
# Emphasis that ends within a word, as in `**bold**face`; a power, `2**3`, has a word on both sides.
_WITHIN_WORD = re.compile(r"(?<![\w*])(\*{1,2})(?![\s*])([^*\n]+?)(?<![\s*])\1(?=\w)")
# Marks of emphasis that is not closed or not opened, and backquotes.
_LONE_MARK = re.compile(r"(?<![\w*])\*{1,3}(?=\w)|(?<=\w)\*{2,3}(?!\w)|`")

# Text that may still become markup when the line goes on.
OPENERS = re.compile(
    r"(?<![A-Za-z0-9*_])(?:[*_]{1,3}|~~)(?![\s*_~])|`|!?\[(?:[^\]]*$|[^\]]*\](?:\([^)]*)?$)|<[!/A-Za-z][^<>]*$"
    r"|\\[(\[]|\$\$|(?<![\w$])\$(?=[A-Za-z\\])|【[^】]*$"
)


def without_markup(part: str) -> str:
    """Remove the markup from a part of a line; escaped characters stay replaced until `freed`."""
    part = _FORMULA.sub(lambda match: _said_formula(next(filter(None, match.groups()))), part)
    part = _ESCAPED.sub(lambda match: chr(_PRIVATE + ord(match[1])), part)
    part = _AUTOLINK.sub(lambda match: match[1] or "", _COMMENT.sub("", part))
    part = _TAG.sub(_said_tag, _END_OF_CELL.sub(", ", _POWER.sub("^", part)))
    part = _NOTE.sub("", _ENTITY.sub(lambda match: html.unescape(match[0]), part))
    for pattern, replacement in (*INLINE_PATTERNS, (_WITHIN_WORD, r"\2")):
        part = pattern.sub(replacement, part)
    return part


def freed(part: str, *, is_end: bool) -> str:
    """Restore escaped characters, and drop emoji and, at the end of a line, markup that is not closed."""
    part = _UNDERSCORED.sub(lambda match: match[2].replace("_", " "), part)
    part = _LONE_MARK.sub("", part) if is_end else part
    return _KEPT.sub(lambda match: chr(ord(match[0]) - _PRIVATE), EMOJI_PATTERN.sub("", part))


def _said_tag(match: re.Match[str]) -> str:
    return "\n" if match[1].lower() in _LINE_TAGS else ""


def _said_formula(formula: str) -> str:
    r"""Write a LaTeX formula in symbols that voices can say: `\frac{1}{2} \le x^{2}` is `1/2 ≤ x^2`."""
    formula = _FRACTION.sub(r"\1/\2", formula)
    formula = _COMMAND.sub(lambda match: f"{_SYMBOLS.get(match[1], match[1])} " if match[1].isalpha() else " ", formula)
    return re.sub(r"\s+", " ", re.sub(r"[{}]", "", formula)).strip()

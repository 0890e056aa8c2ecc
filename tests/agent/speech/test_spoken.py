"""The spoken form of a written text."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.speech.spoken import spoken


async def written(text: str, size: int) -> AsyncIterator[str]:
    """Yield a text in pieces, as a language model does."""
    for start in range(0, len(text), size):
        yield text[start : start + size]


async def said(text: str, size: int = 4) -> str:
    """Return the spoken form."""
    return "".join([piece async for piece in spoken(written(text, size))])


TABLE = "Here it is:\n| City | Time |\n|:--- | ---:|\n| Tokyo | 9:00 |\n| Oslo | |\nThat is all."
BARE_TABLE = "City | Time\n--- | ---\nTokyo | 9:00\n"
LINKS = (
    "See https://www.example.com/pricing?a=1#top, http://10.0.0.1:8080/ or www.example.org/a/very/long/path/to/it.html."
)


@pytest.mark.parametrize("size", [1, 3, 4, 1000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TABLE, "Here it is:\nCity, Time.\n\nTokyo, 9:00.\nOslo.\nThat is all."),
        (BARE_TABLE, "City, Time\n\nTokyo, 9:00\n"),
        ("A <b>bold</b> word &amp; a <a href='https://x.yz/a b'>link</a>.", "A bold word & a link."),
        ("One<br/>two<!-- not said --> three", "One\ntwo three"),
        ("Vitamin _B_12_ and __snake_case__, but my_file.txt.", "Vitamin B 12 and snake case, but my_file.txt."),
        (LINKS, "See example.com/pricing, 10.0.0.1:8080 or example.org."),
        ("Read [the docs](https://example.com/a/b?c=d).", "Read the docs."),
        ("**bold**face and *half*way, but 2**3 and 4**5", "boldface and halfway, but 2**3 and 4**5"),
        ("So $E = mc^2$, for $5 or $6.", "So E = mc^2, for $5 or $6."),
        ("**ข้อความ**สำคัญ, नमस्ते **दुनिया**, **សួស្តី**ពិភពលោក", "ข้อความสำคัญ, नमस्ते दुनिया, សួស្តីពិភពលោក"),
        ("**Bold**, *so* `code` and ~~gone~~ here", "Bold, so code and  here"),
        ("```python\nprint(1)\n```", "\nprint(1)\n"),
        ("5 < 6 and a<b, 7 > 6", "5 < 6 and a<b, 7 > 6"),
        ("It costs $1,299.00 or 20 % of 50 € + tax, at ada_b@example.com.", None),
        ("春天来了，公园里的花都开了。", None),
        ("# Title\n\n* one\n+ two\n> three\n1. four", "Title\n\none\ntwo\nthree\n1. four"),
        ("这是**很重要**的，请看[文档](https://example.com/x)。", "这是很重要的，请看文档。"),
        ("2 * 3 * 4 = 24, 5*3 and a_b@x.com", None),
        ("***", ""),
        ("---", ""),
        ("👍", ""),
        ("👨‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇩🇪 #️⃣ ❤️ ™ \ufe0f\u200d\u200b", ""),
        ("***👍***", ""),
        ("![👍](x.png)", ""),
        ("7️⃣ days", "7 days"),
        ("```\n```", "\n"),
        ("<div></div>", "\n\n"),
        ("![](https://example.com/a.png)", ""),
        ("<table><tr><th>City</th><td>9:00</td></tr></table>", "\n\nCity, 9:00, \n\n"),
        ("+----+----+\n| a  | b  |\n+====+====+", "\na, b.\n"),
        ("Title\n=====\n~~~python\nx\n~~~", "Title\n\n\nx\n"),
        ("10<sup>5</sup> and the 1<sup>st</sup> H<sub>2</sub>O", "10^5 and the 1st H2O"),
        (
            "The area is $$a \\times b^{2}$$, or \\(\\frac{1}{2}\\) of $x_1$.",
            "The area is a \u00d7 b^2, or 1/2 of x_1.",
        ),
        ("It is $5 or $6_000, from $HOME.", None),
        ("See [^1] and 【4†source】it.\n[^1]: A note", "See  and it.\n A note"),
        ("- [ ] milk\n- [x] bread\n>> so he said", "milk\nbread\nso he said"),
        (
            "Write to <ada@example.com> or mailto:bob@example.com, see <https://example.com/>.",
            "Write to ada@example.com or bob@example.com, see example.com.",
        ),
        ("\\*not bold\\* and 5 \\> 3", "*not bold* and 5 > 3"),
        ("**Not closed, `and *so", "Not closed, and so"),
        ("a list<int> and x<y>z, but <emotion>so</emotion>", "a list<int> and x<y>z, but so"),
        (
            "请访问https://example.com/a/b，然后点击右上角的注册按钮并填写您的姓名和电话号码。",
            "请访问example.com/a/b，然后点击右上角的注册按钮并填写您的姓名和电话号码。",
        ),
        ("见https://www.example.com然后点击。https://例え.jp/a。", "见example.com然后点击。例え.jp/a。"),
        (":-)\n¡¿!\n😀\n—", "\n\n\n"),
    ],
)
async def test_the_spoken_form(text: str, expected: str | None, size: int) -> None:
    """It does not depend on the pieces; None means that the text is spoken as it is written."""
    assert await said(text, size) == (text if expected is None else expected)


async def test_a_text_without_spaces_is_not_held_back() -> None:
    """A single asterisk does not hold it back either."""
    thai = "วันนี้อากาศดีมาก"
    pieces = spoken(written(f"{thai}*{'a ' * 400}", 1))

    first = [await anext(pieces) for _ in range(3)]
    assert thai.startswith("".join(first))
    assert "".join([*first, *[piece async for piece in pieces]]) == f"{thai}*{'a ' * 400}"


@given(st.text(st.sampled_from("ab 1|-_*<>/&;\n.:htps`[]()#~=\\\\$^【】"), max_size=60), st.integers(1, 9))
async def test_a_text_in_pieces_is_spoken_like_a_whole_one(text: str, size: int) -> None:
    """Only spaces may differ."""
    assert (await said(text, size)).split() == (await said(text, 1000)).split()

"""Cards: limited in size, with https pictures, and without unknown fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.control.events import CardEvent, Events
from agent.tools.cards import Card, ImageCard, LinkCard, ListCard, ListEntry, TextCard, any_card, take_cards
from tests.agent.control.fakes import Room

if TYPE_CHECKING:
    from typing import Any

TEXT = (
    st.text(min_size=1).filter(lambda text: bool(text.strip())) | st.just("\0" * 9_000) | st.just("\U0001f600" * 9_000)
)


@pytest.mark.parametrize(
    ("card", "field"),
    [
        ({"type": "image", "title": "x", "url": "http://example.com/a.png"}, "url"),
        ({"type": "image", "title": "x", "url": "data:image/png;base64,AA"}, "url"),
        ({"type": "link", "title": "x", "url": "javascript:alert(1)"}, "url"),
        ({"type": "link", "title": "x", "url": "https://"}, "url"),
        ({"type": "link", "title": "x", "url": f"https://example.com/{'é' * 300}"}, "url"),
        ({"type": "list", "title": "x", "entries": []}, "entries"),
        ({"type": "list", "title": "x", "entries": [{"title": "x", "url": "file:///etc"}]}, "url"),
        ({"type": "text", "title": "", "text": "x"}, "title"),
        ({"type": "text", "title": "x", "text": "x", "html": "<b>"}, "html"),
    ],
)
def test_a_card_that_can_not_be_shown_is_refused(card: dict[str, Any], field: str) -> None:
    """The error names the wrong field."""
    with pytest.raises(ValidationError) as error:
        any_card.validate_python(card)

    assert error.value.errors()[0]["loc"][-1] == field


def test_a_url_is_ascii() -> None:
    """Its length is then that of its bytes, and no two different URLs look the same."""
    card = LinkCard(title="x", url="HTTPS://exämple.com/ä b")

    assert card.url == "https://xn--exmple-cua.com/%C3%A4%20b"


@given(TEXT, TEXT)
def test_no_card_is_too_long_for_a_packet(title: str, text: str) -> None:
    """Any text is cut."""
    url = f"https://example.com/{'a' * 460}"
    room: Any = Room()
    events = Events(room)
    entry = {"title": title, "text": text, "url": url}
    events.tell(CardEvent(tool="t" * 64, card=ListCard.model_validate({"title": title, "entries": [entry] * 20})))
    events.tell(CardEvent(tool="t" * 64, card=ImageCard(title=title, url=url, alt=text)))
    events.tell(CardEvent(tool="t" * 64, card=TextCard(title=title, text=text)))

    assert all(len(packet) < 15_000 for packet in events._outbox._items)


def test_the_texts_of_a_result_are_read_and_its_cards_shown() -> None:
    """They stay in order; a card alone is read as well, without its URL."""
    link: Card = LinkCard(title="Shop", url="https://example.com/")
    entries: Card = ListCard(title="Hours", entries=(ListEntry(title="Monday", text="nine to six"),))

    assert take_cards("nine") == ("nine", [])
    assert take_cards(["nine", link, "six", entries]) == ("nine\nsix", [link, entries])
    assert take_cards(link) == ('Shown to the caller: {"title":"Shop"}', [link])
    assert take_cards(["nine", "six"]) == ("nine\nsix", [])
    assert take_cards([1, 2]) == ([1, 2], [])
    assert take_cards(None) == (None, [])

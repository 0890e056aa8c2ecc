"""Cards, which a tool shows on the page while the agent speaks. A front end gets each as an event `card`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AnyUrl, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, UrlConstraints

# Most characters, and most entries of a list. A character takes up to four bytes in UTF-8, and an event must stay below
# 15 KB.
LONGEST_TITLE = 120
LONGEST_TEXT = 1_000
LONGEST_ENTRY = 160
LONGEST_URL = 500
MOST_ENTRIES = 8


def _cut_to(most: int) -> AfterValidator:
    """Cut a text, and leave out control characters, which take six bytes each in JSON."""

    def cut(text: str) -> str:
        kept = "".join(each for each in text.strip() if each == "\n" or (each >= " " and each != "\x7f"))
        return kept if len(kept) <= most else f"{kept[: most - 1]}…"

    return AfterValidator(cut)


def _url_of(*schemes: str) -> BeforeValidator:
    """Accept URLs of these schemes, and convert them to ASCII."""
    url: TypeAdapter[AnyUrl] = TypeAdapter(
        Annotated[AnyUrl, UrlConstraints(host_required=True, allowed_schemes=[*schemes])]
    )

    def validate(given: object) -> str:
        text = str(url.validate_python(given))
        if len(text) > LONGEST_URL:
            message = f"the URL has more than {LONGEST_URL} characters"
            raise ValueError(message)
        return text

    return BeforeValidator(validate)


Title = Annotated[str, Field(min_length=1, description=f"cut to {LONGEST_TITLE} characters"), _cut_to(LONGEST_TITLE)]
Text = Annotated[str, Field(description=f"cut to {LONGEST_TEXT:,} characters"), _cut_to(LONGEST_TEXT)]
EntryText = Annotated[str, Field(description=f"cut to {LONGEST_ENTRY} characters"), _cut_to(LONGEST_ENTRY)]
PageUrl = Annotated[str, Field(description="http or https"), _url_of("http", "https")]
ImageUrl = Annotated[str, Field(description="https only"), _url_of("https")]


class CardBase(BaseModel):
    """Base of all cards; long texts are cut, and an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TextCard(CardBase):
    """A text below a title."""

    type: Literal["text"] = "text"
    title: Title
    text: Text


class ImageCard(CardBase):
    """A picture below a title."""

    type: Literal["image"] = "image"
    title: Title
    url: ImageUrl
    alt: EntryText = ""


class LinkCard(CardBase):
    """A link to a page."""

    type: Literal["link"] = "link"
    title: Title
    url: PageUrl
    text: Text = ""


class ListEntry(CardBase):
    """One entry of a list, which may be a link."""

    title: Title
    text: EntryText = ""
    url: PageUrl | None = Field(default=None, description="http or https")


class ListCard(CardBase):
    """A list below a title."""

    type: Literal["list"] = "list"
    title: Title
    entries: Annotated[
        tuple[ListEntry, ...],
        Field(min_length=1, description=f"{MOST_ENTRIES} at most, the others are left out"),
        AfterValidator(lambda entries: entries[:MOST_ENTRIES]),
    ]


Card = TextCard | ImageCard | LinkCard | ListCard
CARDS: tuple[type[CardBase], ...] = (TextCard, ImageCard, LinkCard, ListCard)

any_card: TypeAdapter[Card] = TypeAdapter(Annotated[Card, Field(discriminator="type")])


def take_cards(result: Any) -> tuple[Any, list[Card]]:
    """Separate the cards from a tool's result: a card, or a list of texts and cards.

    Returns:
        The text for the language model, and the cards. Without texts, the model reads the content of the cards.
    """
    parts = result if isinstance(result, list | tuple) else [result]
    cards = [part for part in parts if isinstance(part, Card)]
    if not cards and not all(isinstance(part, str) for part in parts):
        return result, []
    texts = [str(part) for part in parts if not isinstance(part, Card)]
    return "\n".join(texts or [_read(card) for card in cards]), cards


def _read(card: Card) -> str:
    return f"Shown to the caller: {card.model_dump_json(exclude={'type', 'url'}, exclude_defaults=True)}"

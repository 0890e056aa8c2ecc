"""Variables in a persona's texts."""

from agent.call_config.variables import filled, left_over
from agent.persona import Persona

PERSONA = Persona(name="Bo", instructions="Help {customer}.", opening="Hello {customer}, {greeting}{ }{1}")


def test_a_name_without_a_value_stays_and_is_reported() -> None:
    """The log can name the placeholder that the caller is going to hear."""
    persona = filled(PERSONA, {"customer": "Kim"})

    assert persona.opening == "Hello Kim, {greeting}{ }{1}"
    assert left_over(persona) == ["greeting"]


def test_a_value_is_not_a_template() -> None:
    """Braces and backslashes in a value are text."""
    assert filled(PERSONA, {"customer": r"{greeting} \1", "greeting": "good day"}).instructions == (
        r"Help {greeting} \1."
    )

"""Variables of a persona's texts: `{customer}` in its instructions and its opening."""

import re
from collections.abc import Mapping

from agent.persona import Persona

_VARIABLE = re.compile(r"\{([A-Za-z_]\w*)\}")


def filled(persona: Persona, variables: Mapping[str, str]) -> Persona:
    """Replace the variables in the instructions and the opening with their values.

    A name in braces that is not a variable stays unchanged: instructions may show JSON.

    Args:
        persona: As it is in its file; its own `variables` are the defaults.
        variables: Of the call.
    """
    values = {**persona.variables, **variables}

    def put_in(text: str) -> str:
        return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)

    texts = {"instructions": put_in(persona.instructions), "opening": put_in(persona.opening)}
    return persona.model_copy(update=texts)


def left_over(persona: Persona) -> list[str]:
    """Return the names in braces that are still in the opening, where the caller would hear them."""
    return _VARIABLE.findall(persona.opening)

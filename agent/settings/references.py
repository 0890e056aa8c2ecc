"""Values of a persona file that name variables of the environment: secrets stay out of the file."""

import os
import re
from typing import Annotated

from pydantic import AfterValidator

_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def _require_names(text: str) -> str:
    for name in _names(text):
        if not os.environ.get(name):
            message = f"the environment has no {name}: set it there or in .env"
            raise ValueError(message)
    return text


# A text such as `Bearer $CRM_TOKEN`. It is refused if a variable is missing, and kept as written, so that no dump or
# message of the persona contains the secret.
Referring = Annotated[str, AfterValidator(_require_names)]


def dereferenced(text: str) -> str:
    """Replace the names of variables with their values."""
    return _REFERENCE.sub(lambda found: os.environ.get(found[1] or found[2], ""), text)


def _names(text: str) -> list[str]:
    return [braced or plain for braced, plain in _REFERENCE.findall(text)]

"""Response of every failed request."""

from __future__ import annotations

from typing import Annotated, TypedDict

from runicorn.newer_python import NotRequired


class Problem(TypedDict):
    """An error."""

    detail: Annotated[str, "One sentence."]
    errors: NotRequired[
        Annotated[dict[str, list[str]], "Of invalid input: the sentences by parameter or field."]
    ]

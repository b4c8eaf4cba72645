"""How bodies of requests are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser


class ShallowJSON(JSONParser):
    """JSON as DRF reads it; a body nested deeper than the interpreter's stack is bad input, not an internal error."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value in the body.

        Raises:
            ParseError: it is no JSON, or nested too deep.
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deep") from error


class FormWithFile(MultiPartParser):
    """A form as DRF reads it; one that cannot be read is said of the file, for which it is there."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Its fields and files.

        Raises:
            ParseError: it is no form.
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError as error:
            raise ParseError(f"The form with the file could not be read: {error.detail}") from error

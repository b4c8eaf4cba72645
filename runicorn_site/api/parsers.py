"""Parsers of request bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser


class ShallowJSON(JSONParser):
    """JSON in UTF-8; a body nested deeper than the stack of the interpreter is invalid input, not an internal error.

    A `charset` has no effect, as RFC 8259 says: others that read the body would see another document.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Parse the body.

        Raises:
            ParseError: it is not JSON, or nested too deep.
        """
        try:
            return super().parse(stream, media_type, {**(parser_context or {}), "encoding": "utf-8"})
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deep") from error


class FormWithFile(MultiPartParser):
    """Multipart form; errors name the file."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Parse fields and files.

        Raises:
            ParseError: it is malformed.
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError as error:
            raise ParseError(f"The form with the file could not be read: {error.detail}") from error

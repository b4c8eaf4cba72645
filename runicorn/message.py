"""Messages with named values: English text that a page can translate."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self


class Message(str):
    """An English sentence, filled with its values.

    `Message("No file {path}", path=path)` is the text with the path. Pages translate the template and fill it again;
    a value may be a message itself. `make messages` extracts the templates.
    """

    __slots__ = ("template", "values")

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Fill the template, which has the syntax of `str.format`; without values it is the text itself."""
        if isinstance(template, cls) and not values:
            return template
        message = super().__new__(cls, template.format(**values) if values else template)
        message.template, message.values = template, values
        return message

    def __str__(self) -> str:
        """Return the message itself, so that `str(error)` can still be translated."""
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.template,), self.values


def gettext_noop(template: str) -> str:
    """Mark a template for extraction that a `Message` uses later."""
    return template

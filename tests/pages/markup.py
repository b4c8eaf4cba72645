"""Enough of a parser to ask a page what it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "img", "br", "hr", "use", "polyline", "path"}


@dataclass
class Element:
    """One element: its attributes, the text inside it, the elements that hold it."""

    tag: str
    attributes: dict[str, str]
    parents: tuple[Element, ...] = ()
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, with single blanks."""
        return " ".join("".join(self.pieces).split())

    def has(self, name: str) -> bool:
        """Whether it has the class."""
        return name in self.attributes.get("class", "").split()


class Markup(HTMLParser):
    """The elements of a page in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        attributes = {name: value or "" for name, value in attrs}
        element = Element(tag, attributes, tuple(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself holds nothing."""
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        """Leave the element."""
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Text belongs to all that hold it."""
        for element in self._open:
            element.pieces.append(data)

    def all(self, tag: str, name: str = "") -> list[Element]:
        """The elements of a tag, or those of them that have a class."""
        return [
            element for element in self.elements if element.tag == tag and (not name or element.has(name))
        ]

    def texts(self, tag: str, name: str = "") -> list[str]:
        """The text of each of them."""
        return [element.text for element in self.all(tag, name)]

"""Widths of texts in the font of the pages at 12 pixels, for boxes that are drawn without a browser."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
ASCII = (
    3.3, 3.5, 5.6, 7.6, 7.7, 11.8, 7.8, 3.6, 4.7, 4.7, 7.8, 7.8, 3.3, 7.8, 3.3, 4.4, 7.8, 7.8, 7.8,
    7.8, 7.8, 7.8, 7.8, 7.8, 7.8, 7.8, 3.3, 3.3, 7.8, 7.8, 7.8, 6.2, 11.6, 8.5, 7.9, 8.8, 8.7, 7.3,
    7.1, 9, 9, 3.3, 6.9, 8.1, 6.8, 10.9, 9.1, 9.2, 7.7, 9.2, 7.8, 7.7, 7.7, 9, 8.4, 12.1, 8.2, 8.1,
    7.6, 4.7, 3.8, 4.7, 5.7, 5.5, 3.9, 6.8, 7.4, 6.9, 7.4, 7.1, 4, 7.4, 7.1, 3, 3, 6.6, 3, 10.6,
    7.1, 7.3, 7.4, 7.4, 4.7, 6.4, 4, 7.1, 6.8, 9.9, 6.6, 6.8, 6.7, 4.7, 4, 4.7, 7.8,
)  # fmt: skip
"""Pixels of the letters from the space to the tilde."""
ASIAN, OTHER = 12.5, 9.0


def text_width(text: str) -> float:
    return sum(map(_width, text))


def _width(letter: str) -> float:
    if " " <= letter <= "~":
        return ASCII[ord(letter) - 32]
    if unicodedata.combining(letter):
        return 0.0
    return ASIAN if unicodedata.east_asian_width(letter) in "WF" else OTHER


def fitted(text: str, pixels: float) -> str:
    """Return a text, or as much of its beginning as fits, with an ellipsis."""
    if text_width(text) <= pixels:
        return text
    space = pixels - ASIAN
    end = 0
    for letter in text:
        space -= _width(letter)
        if space < 0:
            break
        end += 1
    return f"{text[:end].rstrip()}{ELLIPSIS}"

"""Every colour has one home, and text on every ground has the contrast that WCAG AA asks for, in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "static" / "css"
COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", (CSS / "variables.css").read_text()
    )
}
GROUNDS = ("paper", "shade", "shade-strong", "accent-shade")
TEXTS = ("ink", "ink-soft", "ink-faint", "accent", "running", "finished", "failed", "interrupted")
ANSI = [name for name in COLOURS if name.startswith("ansi-")]
LINES = [name for name in COLOURS if name.startswith("curve-")] + ["mark", "line-field"]


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str, theme: int) -> float:
    """The contrast of two variables in the light (0) or the dark (1) theme."""
    low, high = sorted(luminance(COLOURS[name][theme]) for name in (first, second))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(theme: int) -> None:
    for ground in GROUNDS:
        for text in TEXTS:
            assert contrast(text, ground, theme) >= 4.5, (text, ground)
    for text in ANSI:
        assert contrast(text, "paper", theme) >= 4.5, text
    for ground, text in (("accent", "on-accent"), ("warning-shade", "ink"), ("failed-shade", "ink")):
        assert contrast(ground, text, theme) >= 4.5, (ground, text)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_curves_marks_and_borders_can_be_seen(theme: int) -> None:
    for line in LINES:
        assert contrast(line, "paper", theme) >= 3, line


def test_every_colour_stands_in_one_file() -> None:
    for file in CSS.glob("*.css"):
        if file.name != "variables.css":
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", file.read_text()), file.name


def test_every_variable_that_is_used_is_there() -> None:
    tokens = set(re.findall(r"--([\w-]+):", (CSS / "variables.css").read_text()))
    defined = tokens | {
        "above",
        "mono",
        "dot",
        "foot",
        "from",
        "gutter",
        "height",
        "legend",
        "list",
        "menu-left",
        "menu-top",
        "numbers",
        "rail",
        "state",
        "top",
        "width",
    }
    for file in CSS.glob("*.css"):
        text = file.read_text()
        of_file = set(re.findall(r"--([\w-]+):", text))
        assert set(re.findall(r"var\(--([\w-]+)\)", text)) <= defined | of_file, file.name

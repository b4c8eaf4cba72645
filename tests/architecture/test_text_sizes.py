"""Text of the pages has four sizes, spaces have eight, and corners have the radius of the tokens."""

from __future__ import annotations

import re
from pathlib import Path

SHEETS = Path(__file__).resolve().parents[2] / "static" / "css"
SIZES = {"12px", "13px", "15px", "20px"}
FOREIGN = {"admin.css", "admin_base.css", "docs.css"}
SPACES = {"1px", "2px", "4px", "6px", "8px", "12px", "16px", "20px", "24px", "32px"}
SPACE = re.compile(r"^\s*(?:gap|padding|row-gap|column-gap)(?:-[a-z-]+)?: ([^;]+);", re.MULTILINE)
RADIUS = re.compile(r"border-radius: ([^;]+);")
SIZE = re.compile(r"\bfont(?:-size)?:\s*[^;]*?(\d[\d.]*(?:px|rem|em|%|pt))")


def test_text_has_one_of_four_sizes() -> None:
    sizes = {(sheet.name, size) for sheet in SHEETS.glob("*.css") for size in SIZE.findall(sheet.read_text())}
    assert sizes
    assert not {(sheet, size) for sheet, size in sizes if size not in SIZES}


def test_spaces_are_those_of_the_design() -> None:
    spaces = {
        (sheet.name, space)
        for sheet in SHEETS.glob("*.css")
        if sheet.name not in FOREIGN
        for value in SPACE.findall(sheet.read_text())
        for space in re.findall(r"(?<![\w.-])\d+px", value)
    }
    assert spaces
    assert not {(sheet, space) for sheet, space in spaces if space not in SPACES and int(space[:-2]) < 28}


def test_corners_have_the_radius_of_the_tokens() -> None:
    radii = {
        (sheet.name, value)
        for sheet in SHEETS.glob("*.css")
        if sheet.name not in FOREIGN
        for value in RADIUS.findall(sheet.read_text())
    }
    assert radii
    assert not {
        (sheet, value)
        for sheet, value in radii
        if not re.match(r"(0|50%)$", value) and "var(--radius" not in value
    }

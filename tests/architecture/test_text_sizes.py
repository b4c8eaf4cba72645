"""Text of the pages has four sizes."""

from __future__ import annotations

import re
from pathlib import Path

SHEETS = Path(__file__).resolve().parents[2] / "static" / "css"
SIZES = {"12px", "13px", "15px", "20px"}
SIZE = re.compile(r"\bfont(?:-size)?:\s*[^;]*?(\d[\d.]*(?:px|rem|em|%|pt))")


def test_text_has_one_of_four_sizes() -> None:
    used = {(sheet.name, size) for sheet in SHEETS.glob("*.css") for size in SIZE.findall(sheet.read_text())}
    assert used
    assert not {(sheet, size) for sheet, size in used if size not in SIZES}

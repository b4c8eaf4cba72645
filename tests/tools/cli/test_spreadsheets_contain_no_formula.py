"""Values of runs are text in a spreadsheet, whatever they begin with, as read by openpyxl."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from tests.folders import write_run
from tests.tools.cli.conftest import Call

TEXTS = ['=HYPERLINK("http://evil.example","x")', "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1"]


@pytest.fixture
def run(root: Path) -> str:
    """A run of which everything that can be a text begins like a formula."""
    return write_run(
        root,
        "=1+1",
        "@SUM(A1)",
        metrics=[{text: text, "loss": -0.5} for text in TEXTS],
        config=dict(zip(TEXTS, TEXTS, strict=True)),
        summary={text: text for text in TEXTS},
        tags=TEXTS,
        notes=TEXTS[0],
    )


def test_excel_files_contain_no_formula(call: Call, run: str) -> None:
    assert call("export-data", "--run-id", run, "--format", "excel", "--output", "run.xlsx")[0] == 0
    book = openpyxl.load_workbook("run.xlsx")
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}  # "f" would be a formula
    assert not any(cell.hyperlink for cell in cells)
    texts = {cell.value for cell in cells if cell.data_type == "s"}
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {f"'{text}" for text in TEXTS if text[0] not in "\t\r"} <= texts
    (loss,) = (column for column in book["Metrics"].iter_cols() if column[0].value == "loss")
    assert [cell.value for cell in loss[1:]] == [-0.5] * len(TEXTS)  # a number stays one


def test_csv_files_contain_no_formula(call: Call, run: str) -> None:
    assert call("export-data", "--run-id", run, "--output", "run.csv")[0] == 0
    rows = list(csv.reader(io.StringIO(Path("run.csv").read_bytes().decode(), newline="")))
    texts = {text for row in rows for text in row}
    begun = {text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))}
    assert begun == {"-0.5"} and {f"'{text}" for text in TEXTS} <= texts

"""`MetricsExporter`: CSV, Excel, TensorBoard and reports of a run's folder."""

from __future__ import annotations

import csv
import gc
import io
import json
import math
import os
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import runicorn as rn
from runicorn.store.journal.records import columns
from runicorn_tools.export import tensorboard_events
from runicorn_tools.export.exporters import MissingLibrary, csv_lines
from tests.folders import write_run

FORMULA = '=HYPERLINK("http://evil.example")'
METRICS = [
    {"loss": 0.5, "val/acc": 0.25, "global_step": 1, "time": 1000.0, "stage": "train"},
    {"loss": math.nan, "ok": True, "note": FORMULA, "global_step": 2, "time": 1001.0},
    {"loss": -math.inf, "n": -5, "global_step": 2, "time": 1002.0},
]


def _folder(root: Path, run_id: str) -> Path:
    (path,) = root.glob(f"*/*/runs/{run_id}")
    return path


@pytest.fixture
def run_dir(folder: Path) -> Path:
    """A run with all kinds of values, and a journal with damaged lines and an unfinished last one."""
    run_id = write_run(
        folder,
        "vision",
        "resnet",
        metrics=METRICS,
        summary={"best": 0.25, "<b>note</b>": "a | b\n<script>alert(1)</script>"},
        created_at=1_700_000_000.0,
        python="3.11.7",
    )
    path = _folder(folder, run_id)
    with (path / "events.jsonl").open("a") as journal:
        journal.write('garbage\n[1]\n{"type":"metrics","data":5}\n{"type":"image","data":{"key":"k"}}\n')
        journal.write('{"type":"metrics","data":{"loss":[1,2],"nested":{"a":1},"later":1}}\n')
        journal.write('{"type":"metrics","data":{"loss":9')
    return path


@pytest.fixture
def export(run_dir: Path) -> rn.MetricsExporter:
    """The exporter of that run."""
    return rn.MetricsExporter(run_dir)


def test_a_record_is_a_line_with_the_place_first(export: rn.MetricsExporter) -> None:
    text = export.to_csv(include_metadata=False)
    assert text is not None
    assert list(csv.reader(io.StringIO(text))) == [
        ["global_step", "time", "stage", "later", "loss", "n", "note", "ok", "val/acc"],
        ["1", "1000.0", "train", "", "0.5", "", "", "", "0.25"],
        ["2", "1001.0", "", "", "nan", "", f"'{FORMULA}", "true", ""],
        ["2", "1002.0", "", "", "-inf", "-5", "", "", ""],
        ["", "", "", "1", "", "", "", "", ""],
    ]


def test_the_lines_before_the_header_say_which_run_it_is(export: rn.MetricsExporter, tmp_path: Path) -> None:
    import pandas

    assert export.to_csv(tmp_path / "out.csv") is None
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0].startswith("# Runicorn Export - 20")
    assert lines[1:5] == [
        "# Project: vision",
        "# Experiment: resnet",
        f"# Run ID: {export.run_dir.name}",
        "#",
    ]
    frame = pandas.read_csv(tmp_path / "out.csv", comment="#")
    assert frame["loss"].tolist()[0] == 0.5 and math.isnan(frame["loss"][1])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1 unit", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_of_a_run_is_a_formula(folder: Path, text: str) -> None:
    run_id = write_run(folder, "p", "n", metrics=[{text: 1.0, "note": text}])
    meta = _folder(folder, run_id) / "meta.json"
    meta.write_text(json.dumps({"project": f"x,{text}", "name": f'"\n{text}', "id": text}))
    exported = rn.MetricsExporter(meta.parent).to_csv()
    assert exported is not None
    cells = [cell for row in csv.reader(io.StringIO(exported)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert f"'{text}" in cells


def test_a_run_without_metrics_has_nothing_to_export(folder: Path, tmp_path: Path) -> None:
    export = rn.MetricsExporter(_folder(folder, write_run(folder)))
    assert export.to_csv() is None and export.to_csv(tmp_path / "x.csv") is None
    assert export.to_tensorboard(tmp_path / "tb") is False
    assert export.to_excel(tmp_path / "x.xlsx") is False
    assert list(tmp_path.glob("x.*")) == [] and not (tmp_path / "tb").exists()


def test_the_journal_is_not_held_in_memory(folder: Path) -> None:
    path = _folder(folder, write_run(folder, metrics=[{"loss": n / 7} for n in range(4_000)]))
    columns(path)  # imports modules, whose size is not of interest
    tracemalloc.start()
    count = sum(1 for _ in csv_lines(path, columns(path)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4_006
    assert peak < 1_500_000


def _cells(path: Path, sheet: int) -> list[list[str]]:
    """The rows of a sheet; texts are kept in place (constant memory)."""
    name = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(path) as book:
        tree = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    rows = tree.findall(".//m:row", name)
    return [["".join(cell.itertext()) for cell in row.findall("m:c", name)] for row in rows]


def test_a_workbook_has_its_sheets_and_charts(export: rn.MetricsExporter, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    assert export.to_excel(path) is True
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        assert all(
            f'name="{name}"' in book.read("xl/workbook.xml").decode()
            for name in ("Metrics", "Metadata", "Statistics", "Charts")
        )
        assert not [name for name in names if b"<f>=" in book.read(name)]
    assert len([name for name in names if name.startswith("xl/charts/chart")]) == 4
    assert _cells(path, 1)[0][:3] == ["global_step", "time", "stage"]
    assert _cells(path, 1)[2] == ["2", "1001", "nan", f"'{FORMULA}", "1"]
    assert ["Project", "vision"] in _cells(path, 2)
    assert _cells(path, 3)[0] == ["Metric", "Min", "Max", "Mean", "Last", "Count"]
    assert export.to_excel(tmp_path / "bare.xlsx", include_charts=False) is True
    with zipfile.ZipFile(tmp_path / "bare.xlsx") as book:
        assert not [name for name in book.namelist() if "chart" in name]


def test_a_missing_library_is_named(
    export: rn.MetricsExporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingLibrary, match="XlsxWriter"):
        export.to_excel(tmp_path / "out.xlsx")
    with pytest.raises(MissingLibrary, match="PDF"):
        export.generate_report(tmp_path / "out.pdf", format="pdf")


def test_a_place_that_cannot_be_written_is_an_error(export: rn.MetricsExporter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for write in (export.to_csv, export.to_excel, export.generate_report):
        with pytest.raises(OSError):
            write(tmp_path / "file" / "out")
    with pytest.raises(OSError):
        export.to_tensorboard(tmp_path / "file" / "out")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device here")
def test_a_workbook_for_which_there_is_no_room_is_an_error_once(
    export: rn.MetricsExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError):
        export.to_excel("/dev/full")
    gc.collect()  # a finalizer that fails is an error of the test


def _records(path: Path) -> list[bytes]:
    """The data of TFRecords; their checksums hold."""
    raw, events = path.read_bytes(), []
    while raw:
        (length,) = struct.unpack("<Q", raw[:8])
        events.append(raw[12 : 12 + length])
        assert raw[8:12] == tensorboard_events.masked_crc32c(raw[:8])
        assert raw[12 + length : 16 + length] == tensorboard_events.masked_crc32c(events[-1])
        raw = raw[16 + length :]
    return events


def test_the_checksum_is_the_documented_one() -> None:
    assert tensorboard_events.crc32c(b"123456789") == 0xE3069283
    assert tensorboard_events.crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


def test_an_event_file_holds_what_tensorboard_would_write(export: rn.MetricsExporter, tmp_path: Path) -> None:
    assert export.to_tensorboard(tmp_path / "tb") is True
    (path,) = (tmp_path / "tb").glob("events.out.tfevents.*")
    version, first, second, third, fourth = _records(path)
    assert version[9:] == b"\x1a\x0dbrain.Event:2"
    # Event(wall_time=1000, step=1, summary=Summary(value=[loss 0.5, val/acc 0.25])), as protobuf serializes it.
    assert first == bytes.fromhex(
        "090000000000408f4010012a1d0a0b0a046c6f737315 0000003f 0a0e0a0776616c2f61636315 0000803e".replace(
            " ", ""
        )
    )
    assert (
        struct.pack("<f", math.nan) in second and b"ok\x15\x00\x00\x80?" in second and b"note" not in second
    )
    assert struct.pack("<f", -math.inf) in third and b"n\x15\x00\x00\xa0\xc0" in third
    assert b"later\x15" in fourth


@pytest.mark.parametrize(("step", "encoded"), [(0, "00"), (300, "ac02"), (-1, "ffffffffffffffffff01")])
def test_steps_are_varints(step: int, encoded: str) -> None:
    assert tensorboard_events._varint(step).hex() == encoded


def test_a_number_beyond_single_precision_is_infinite() -> None:
    assert tensorboard_events._single(1e300) == struct.pack("<f", math.inf)
    assert tensorboard_events._single(-1e300) == struct.pack("<f", -math.inf)


def test_a_report_in_markdown(export: rn.MetricsExporter, tmp_path: Path) -> None:
    assert export.generate_report(tmp_path / "out.md") is True
    text = (tmp_path / "out.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Experiment Report",
        "## Experiment Information",
        "## Run Status",
        "## Summary Metrics",
        "## Metrics Overview",
    ]
    assert "- **Project**: vision" in text
    assert "- **Status**: finished" in text and "- **Duration**: 4.00 seconds" in text
    assert "| val/acc | 0.250000 | 0.250000 | 0.250000 | 0.250000 |" in text
    assert "| loss | 0.500000 | 0.500000 | 0.500000 | -inf |" in text
    assert "| &lt;b&gt;note&lt;/b&gt; | a \\| b &lt;script&gt;alert(1)&lt;/script&gt; |" in text
    assert "<" not in text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_report_in_html_is_a_page_in_which_texts_stay_texts(
    export: rn.MetricsExporter, tmp_path: Path
) -> None:
    assert export.generate_report(tmp_path / "out.html", format="html") is True
    page = _Tags()
    page.feed((tmp_path / "out.html").read_text())
    assert not page.tags & {"script", "b", "img", "link", "iframe", "a"}
    of_pictures = {"viewbox", "role", "aria-label", "points", "class"}
    assert page.attributes <= {"lang", "charset", "name", "content"} | of_pictures
    assert "<script>alert(1)</script>" in page.text
    assert "0.250000" in page.text


def test_another_format_is_refused(export: rn.MetricsExporter, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Format must be markdown or html"):
        export.generate_report(tmp_path / "x", format="docx")


def test_a_report_of_a_folder_that_is_no_run_says_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text('{"created_at": 1e300, "project": null}')
    (tmp_path / "status.json").write_text("torn")
    assert rn.MetricsExporter(tmp_path).generate_report(tmp_path / "out.md")
    text = (tmp_path / "out.md").read_text()
    assert "- **Created**: N/A" in text and "- **Status**: N/A" in text


def test_numbers_of_any_size_are_short(folder: Path, tmp_path: Path) -> None:
    path = _folder(folder, write_run(folder, metrics=[{"m": 1e-9}, {"m": 1e300}, {"m": 1e308}, {"m": 1e308}]))
    rn.MetricsExporter(path).generate_report(tmp_path / "out.md")
    assert (
        "| m | 1.000000e-09 | 1.000000e+308 | 5.000000e+307 | 1.000000e+308 |"
        in (tmp_path / "out.md").read_text()
    )


def test_a_run_can_be_exported_while_it_runs(begin: Callable[..., rn.Run]) -> None:
    run: Any = begin(capture_env=False, system_metrics=False)
    run.log(loss=0.5)
    text = rn.MetricsExporter(run.run_dir).to_csv(include_metadata=False)
    assert text is not None and text.startswith("global_step,time,loss\r\n1,")

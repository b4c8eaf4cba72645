"""Previews of text, JSON, tables and pictures; none of pictures that may contain a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

import runicorn as rn
from artifacts.pages import version
from runicorn_site.web.preview import BEGINNING, CELL, LINES, ROWS, preview
from tests.pages.conftest import PIXEL
from tests.pages.markup import Markup

Page = Callable[..., Markup]


def preview_of(path: str, content: bytes, size: int | None = None):
    return preview(path, content, len(content) if size is None else size)


def test_json_is_laid_out_and_broken_json_is_text() -> None:
    assert preview_of("a.json", b'{"b":[1,2]}').text == json.dumps({"b": [1, 2]}, indent=2)
    assert preview_of("a.json", b'{"b":').text == '{"b":'
    deep = b"[" * 50_000
    assert preview_of("a.json", deep).kind == "text"


def test_tables_have_a_head_and_a_bounded_size() -> None:
    preview = preview_of("a.CSV", b'a,b\r\n1,"x, ""y"""\r\n2\r\n')
    assert (preview.head, preview.rows, preview.note) == (["a", "b"], [["1", 'x, "y"'], ["2", ""]], "")
    many = "a,b\n" + "".join(f"{n},{'c' * 300}\n" for n in range(500))
    preview = preview_of("a.csv", many.encode())
    assert len(preview.rows) == ROWS and preview.note == f"First {ROWS} rows."
    assert len(preview.rows[0][1]) == CELL + 1
    wide = ",".join(str(n) for n in range(100))
    assert "40 of 100 columns" in preview_of("a.tsv", f"{wide}\n{wide}\n".replace(",", "\t").encode()).note
    assert preview_of("a.csv", b"no table").kind == "text"
    assert preview_of("a.csv", b'a,b\n1,"' + b"x" * 200_000).kind == "text"


def test_of_a_cut_table_the_last_row_is_left_out() -> None:
    assert preview_of("a.csv", b"a,b\n1,2\n3,4\n5", size=1000).rows == [["1", "2"], ["3", "4"]]


def test_text_is_cut_between_letters_and_lines() -> None:
    assert preview_of("a", "ä".encode() * 3).text == "äää"
    cut = ("ä" * 100).encode()[:-1]
    assert preview_of("a", cut, size=10**9).text == "ä" * 99
    long = preview_of("a.log", b"line\n" * 5000)
    assert long.text.count("\n") == LINES - 1 and long.note == f"First {LINES:,} lines."
    assert preview_of("a.log", b"x\n").note == ""
    assert preview_of("a", "\ufeffbom".encode()).text == "bom"
    assert preview_of("a", "wide".encode("utf-16")).text.lstrip("\ufeff") == "wide"


@pytest.mark.parametrize("content", [b"\x00\x01\x02", b"\xff\xd8\xff", b"text\x00text", b"\x80" * 100])
def test_binary_files_are_not_shown(content: bytes) -> None:
    assert preview_of("a.txt", content).kind == "nothing"
    assert preview_of("a.txt", b"").note == "The file is empty."


@pytest.fixture
def gallery(store: Path, run: rn.Run, write: Callable[..., Path]) -> str:
    artifact = rn.Artifact("g", "dataset")
    artifact.add_file(write("p.png", PIXEL)).add_file(write("s.svg", "<svg onload='alert(1)'/>"))
    artifact.add_file(write("t.csv", "a,b\n1,<b>\n")).add_file(write("h.html", "<script>alert(1)</script>"))
    run.log_artifact(artifact.add_file(write("big.txt", "x" * (BEGINNING + 10))))
    return "/artifacts/dataset/g/v1"


@pytest.mark.django_db
def test_pictures_are_shown_and_nothing_that_can_hold_scripts(
    page: Page, client: Client, gallery: str
) -> None:
    markup = page(f"{gallery}?file=p.png")
    assert [element.attributes["src"] for element in markup.all("img")] == [f"{gallery}/pictures/p.png"]
    answer = client.get(f"{gallery}/pictures/p.png")
    assert answer["Content-Type"] == "image/png" and b"".join(answer.streaming_content) == PIXEL
    for path in ("s.svg", "h.html"):
        assert not page(f"{gallery}?file={path}").all("img")
        answer = client.get(f"{gallery}/pictures/{path}")
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
    assert page(f"{gallery}?file=s.svg").texts("pre", "text") == ["<svg onload='alert(1)'/>"]
    table = page(f"{gallery}?file=t.csv")
    assert "<b>" in table.texts("td") and not [element for element in table.all("b") if element.text == ""]


@pytest.mark.django_db
def test_the_page_says_why_there_is_no_preview(
    page: Page, client: Client, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("no.txt", "../manifest.json", "%00", "a/"):
        markup = page(f"{gallery}?file={path}")
        assert "has no " in " ".join(markup.texts("p", "failed")), path
        assert client.get(f"{gallery}/pictures/{path}").status_code in (400, 404)
    assert "First 1 line." in page(f"{gallery}?file=big.txt").texts("main")[0]
    monkeypatch.setattr(version, "LARGEST_PREVIEW", 100)
    assert "too large to preview" in page(f"{gallery}?file=big.txt").texts("main")[0]


@pytest.mark.django_db
def test_a_picture_is_not_sent_again_and_in_parts(page: Page, client: Client, gallery: str) -> None:
    page(gallery)
    tag = client.get(f"{gallery}/files/p.png")["ETag"]
    assert client.get(f"{gallery}/pictures/p.png", headers={"If-None-Match": tag}).status_code == 304
    assert client.get(f"{gallery}/files/p.png", headers={"Range": "bytes=9999-"}).status_code == 416
    assert client.get(f"{gallery}/files/p.png", headers={"Range": "bytes=0-3"}).status_code == 206


@pytest.mark.django_db
def test_many_files_are_found_by_path_and_shown_in_pages(
    page: Page, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version, "FILES", 2)

    def paths(address: str) -> list[str]:
        return [
            element.text
            for element in page(address).all("a", "clip")
            if "file=" in element.attributes["href"]
        ]

    assert paths(gallery) == ["big.txt", "h.html"] and paths(f"{gallery}?files=3") == ["t.csv"]
    assert paths(f"{gallery}?find=.S") == ["s.svg"]
    assert "No paths match “zz”" in page(f"{gallery}?find=zz").texts("main")[0]

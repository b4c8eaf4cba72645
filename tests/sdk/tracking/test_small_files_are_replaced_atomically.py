"""A reader of a small file sees the old or the new content, and takes whatever it finds there."""

from __future__ import annotations

import json
import math
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runicorn.store import layout
from runicorn.store.file_checksums import is_intact
from tests.sdk.tracking.limited_disks import small_disk

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "value.json"
    layout.write_json(path, value)
    assert layout.read_json(path) == (value, None)


def test_a_small_file_has_the_documented_format(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    layout.write_json(path, {"名": math.nan, "b": math.inf})
    text = path.read_text(encoding="utf-8")
    assert text.rstrip() == '{\n  "名": NaN,\n  "b": Infinity\n}'
    assert is_intact(text.encode()) and not is_intact(text.encode().replace(b"Inf", b"inf"))
    assert math.isnan(layout.read_json(path)[0]["名"])


def test_a_missing_file_is_empty_and_no_problem(tmp_path: Path) -> None:
    assert layout.read_json(tmp_path / "a.json") == ({}, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"a": ',
        b"[1]",
        b"1",
        b"null",
        b"\xff\xfe",
        b"{" * 100_000,
        b'{"a":' * 50_000,
        b'{"a": 1}x',
    ],
)
def test_a_file_that_is_not_an_object_is_reported(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "meta.json"
    path.write_bytes(content)
    value, problem = layout.read_json(path)
    assert value == {} and problem is not None
    assert problem.startswith("meta.json ") and problem.endswith(".")


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert layout.read_json(tmp_path / "a.json") == ({"a": 1}, None)


def test_a_number_with_too_many_digits_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": ' + "9" * 5000 + "}")
    assert layout.read_json(tmp_path / "a.json")[1] == "a.json is not valid JSON."


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"a": "x" * 2**20}))
    refused = layout.read_json(tmp_path / "a.json", ceiling=2**20)
    assert refused == ({}, "a.json is larger than 1 MiB and was not read.")


def test_only_regular_files_are_read_and_links_when_asked(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text('{"a": 1}')
    (tmp_path / "link.json").symlink_to("real.json")
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "device.json").symlink_to("/dev/zero")
    for name in ("link", "folder", "pipe", "device"):
        value, problem = layout.read_json(tmp_path / f"{name}.json")
        assert value == {} and problem is not None and f"{name}.json" in problem
    assert layout.read_json(tmp_path / "link.json", follow_links=True) == ({"a": 1}, None)
    assert layout.read_json(tmp_path / "device.json", follow_links=True)[1] is not None


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    layout.write_json(path, {"value": 0, "filling": "x" * 10_000})
    over = threading.Event()
    problems: list[str] = []

    def read() -> None:
        while not over.is_set():
            value, problem = layout.read_json(path)
            if problem or len(value["filling"]) != 10_000:
                problems.append(problem or "half")

    reader = threading.Thread(target=read)
    reader.start()
    for count in range(40):
        layout.write_json(path, {"value": count, "filling": "x" * 10_000})
    over.set()
    reader.join()
    assert problems == [] and os.listdir(tmp_path) == ["status.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    layout.write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        layout.write_json(path, {"a": object()})
    assert layout.read_json(path) == ({"a": 1}, None) and os.listdir(tmp_path) == ["a.json"]


def test_a_full_disk_leaves_the_old_file_unless_it_may_be_written_over(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk:
        path = disk / "status.json"
        layout.write_json(path, {"status": "running"})
        with (disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
            while True:
                ballast.write(b"x" * 512)
        with pytest.raises(OSError, match="No space"):
            layout.write_json(path, {"status": "finished"})
        assert layout.read_json(path) == ({"status": "running"}, None)
        layout.write_json(path, {"status": "finished", "ended_at": 1.5}, in_place=True)
        assert layout.read_json(path) == ({"status": "finished", "ended_at": 1.5}, None)
        assert sorted(os.listdir(disk)) == ["ballast", "status.json"]

"""Entry points of all groups are found by one look through the installed distributions."""

from __future__ import annotations

import json
import sys
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest

from runicorn import extension_points
from runicorn.extension_points import COMMANDS, NAMES, NotInstalled, entries, load


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of distributions, the only one on the path; nothing is known of it yet."""
    monkeypatch.setattr(extension_points, "_found", [])
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


def install(folder: Path, name: str, entry_points: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


def test_each_distribution_is_read_once_for_all_groups(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(installed, "plain", "[console_scripts]\nplain = plain:main\n")
    install(
        installed, "plugin", "[runicorn.commands]\nmore = json:loads\n[runicorn.names]\nDumper = json:dumps\n"
    )
    read: list[str] = []
    original = PathDistribution.read_text

    def counted(self: PathDistribution, name: Any) -> str | None:
        read.append(str(name))
        return original(self, name)

    monkeypatch.setattr(PathDistribution, "read_text", counted)
    assert [entry.name for entry in entries(COMMANDS)] == ["more"]
    before = len(read)
    assert load(NAMES, "Dumper") is json.dumps
    assert len(read) == before


def test_of_two_copies_the_first_on_the_path_counts(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for copy, function in (("first", "loads"), ("second", "dumps")):
        install(installed / copy, "plugin", f"[runicorn.names]\nDumper = json:{function}\n")
    monkeypatch.setattr(sys, "path", [str(installed / "first"), str(installed / "second")])
    assert load(NAMES, "Dumper") is json.loads


def test_a_distribution_that_is_installed_later_is_found(installed: Path) -> None:
    with pytest.raises(NotInstalled):
        load(NAMES, "Dumper")
    install(installed, "plugin", "[runicorn.names]\nDumper = json:dumps\n")
    assert load(NAMES, "Dumper") is json.dumps

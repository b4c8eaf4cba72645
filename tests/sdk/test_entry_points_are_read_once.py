"""Entry points of all groups are found by one look through the installed distributions."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from zipfile import ZipFile

import pytest

from runicorn import extension_points
from runicorn.extension_points import COMMANDS, NAMES, TRACKERS, NotInstalled, entries, load


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
    distributions: list[str] = []
    original = extension_points._text
    monkeypatch.setattr(extension_points, "_text", lambda info: distributions.append(info) or original(info))
    assert [entry.name for entry in entries(COMMANDS)] == ["more"]
    assert len(distributions) == 2
    assert load(NAMES, "Dumper") is json.dumps
    assert len(distributions) == 2


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


def test_the_entry_points_are_those_of_importlib_metadata(installed: Path) -> None:
    install(
        installed,
        "plugin",
        "# made by hand\n[console_scripts]\nplugin = plugin:main\n\n[runicorn.names]\n"
        "Dumper=json:dumps\ndecode = json.decoder:JSONDecoder.decode [extra]\n[runicorn.trackers]\nmine = json.decoder\n",
    )
    for group in (NAMES, TRACKERS):
        assert [(entry.name, entry.load()) for entry in entries(group)] == [
            (entry.name, entry.load()) for entry in entry_points(group=group)
        ]
    assert len(entries(NAMES)) == 2


def test_entry_points_in_an_archive_are_found(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ZipFile(installed / "plugin.zip", "w") as archive:
        archive.writestr(
            "plugin-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n"
        )
        archive.writestr("plugin-1.0.dist-info/entry_points.txt", "[runicorn.names]\nDumper = json:dumps\n")
    monkeypatch.setattr(sys, "path", [str(installed / "plugin.zip")])
    assert load(NAMES, "Dumper") is json.dumps


def test_a_command_starts_without_importlib_metadata() -> None:
    program = (
        "import sys; from runicorn.extension_points import COMMANDS, entries; print(len(entries(COMMANDS)));"
        "print({'importlib.metadata', 'email', 'zipfile'} & set(sys.modules))"
    )
    process = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert process.stdout.split("\n")[0] == "3"
    assert "set()" in process.stdout

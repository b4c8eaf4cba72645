"""The source files of a program are kept with its runs, each content once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from runicorn.artifacts import garbage
from runicorn.artifacts.store import Store
from runicorn.capture.program_start import ProgramStart
from runicorn.capture.sources import cells, keep, listing, record
from runicorn.capture.sources.ignore import Ignore, is_below_ignored
from runicorn.capture.sources.record import Sources
from runicorn.store import layout
from tests.sdk.sources.projects import Project, commit, git, write
from tests.secrecy import holds, secret


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def weight(root: Path) -> int:
    """Return the bytes of a folder, each file once however many names it has."""
    files = {}
    for place, _, names in os.walk(root):
        for about in (os.lstat(os.path.join(place, name)) for name in names):
            files[about.st_ino] = about.st_size
    return sum(files.values())


def test_tracked_changed_and_new_files_of_a_repository_are_kept(project: Project) -> None:
    write(project.folder, {"train.py": "a = 1\n", "same.py": "s = 1\n", ".gitignore": "data/\n*.log\n"})
    head = commit(project.folder)
    write(project.folder, {"train.py": "a = 2\n", "new.py": "n = 1\n", "data/x.csv": "1\n", "x.log": "l\n"})
    (project.folder / "link.py").symlink_to("new.py")
    run_dir = project.run()
    sources = Sources(run_dir)
    assert {path: sources.read(path) for path in sources.files} == {
        ".gitignore": b"data/\n*.log\n",
        "link.py": b"new.py",
        "new.py": b"n = 1\n",
        "same.py": b"s = 1\n",
        "train.py": b"a = 2\n",
    }
    assert sources.about["commit"] == head
    assert (sources.about["folder"], sources.about["script"]) == (".", "train.py")
    assert sources.files["link.py"].flags == "l"


def test_files_in_a_folder_of_keys_are_left_out(project: Project) -> None:
    keys = {".env/production": "TOKEN=abc\nplainpass\n", "conf/.env.d/x.py": "plainpass"}
    write(project.folder, {"train.py": "a = 1\n", "env/model.py": "m = 1\n", **keys})
    assert set(project.contents()) == {"train.py", "env/model.py"}
    git(project.folder, "init", "-q")
    assert set(project.contents()) == {"train.py", "env/model.py"}


def test_a_resumed_run_has_its_sources_until_new_ones_are_complete(project: Project) -> None:
    write(project.folder, {"train.py": "a = 1\n"})
    run_dir = project.run()
    write(project.folder, {"train.py": "a = 2\n"})
    start = ProgramStart(str(project.folder), ["python", "train.py"], [], "train.py", dict(os.environ))
    assert keep.keep(project.root, run_dir, start, lambda: True) == {}
    assert Sources(run_dir).read("train.py") == b"a = 1\n"
    keep.keep(project.root, run_dir, start)
    assert Sources(run_dir).read("train.py") == b"a = 2\n"


def test_a_program_without_a_repository_is_walked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        project.folder, {"train.py": "a", "lib/__init__.py": "", ".gitignore": "*.tmp\n/out\n", "x.tmp": "t"}
    )
    write(project.folder, {"out/y.py": "y", "lib/out/z.py": "z", "venv/pyvenv.cfg": "", "venv/v.py": "v"})
    write(project.folder, {"environment/pyvenv.cfg": "", "environment/e.py": "", "node_modules/m.js": ""})
    names = {".gitignore", "lib/__init__.py", "lib/out/z.py", "train.py"}
    assert set(project.contents()) == names
    monkeypatch.setenv("PATH", "")  # no git binary, though the folder is a repository
    (project.folder / ".git").mkdir()
    assert set(project.contents()) == names


def test_environments_caches_and_stores_in_a_repository_are_no_sources(project: Project) -> None:
    write(project.folder, {"train.py": "a", "build/tracked.py": "t"})
    commit(project.folder)
    write(
        project.folder,
        {"__pycache__/m.pyc": b"\0", "my/pyvenv.cfg": "", "my/lib/x.py": "x", "env/game.py": "g"},
    )
    write(
        project.folder,
        {".runicorn/p/n/runs/a/meta.json": "{}", "a.egg-info/PKG-INFO": "", "build/new.py": "n"},
    )
    assert set(project.contents()) == {"train.py", "build/tracked.py", "env/game.py"}
    (project.folder / ".git").rename(project.folder.parent / "git")
    assert set(project.contents()) == {"train.py", "env/game.py"}


def test_script_and_working_directory_may_lie_side_by_side(project: Project) -> None:
    write(project.folder, {"bin/train.py": "a", "conf/a.json": "{}", "other.txt": "o"})
    contents = project.contents(script="../bin/train.py", folder=project.folder / "conf")
    assert set(contents) == {"bin/train.py", "conf/a.json", "other.txt"}


def test_rules_of_runicornignore_leave_files_out(project: Project) -> None:
    write(project.folder, {"train.py": "a", ".runicornignore": "secret_*\n!secret_plan.py\nbig/\n"})
    write(project.folder, {"secret_a.py": "a", "secret_plan.py": "p", "big/x.py": "x"})
    expected = {".runicornignore", "secret_plan.py", "train.py"}
    assert set(project.contents()) == expected
    commit(project.folder)
    assert set(project.contents()) == expected


@pytest.mark.parametrize(
    ("rule", "path", "is_ignored"),
    [
        ("*.log", "a/b.log", True),
        ("/a", "b/a", False),
        ("a/b", "a/b/c.py", True),
        ("**/x", "d/e/x", True),
        ("a/**/z", "a/z", True),
        ("[!a].py", "a.py", False),
        ("[!a].py", "b.py", True),
        ("d/", "d", False),
        ("\\#x", "#x", True),
        ("a?c", "a/c", False),
        ("[", "[", False),
    ],
)
def test_rules_have_the_syntax_of_git(rule: str, path: str, is_ignored: bool) -> None:
    assert is_below_ignored([Ignore([rule])], path) is is_ignored


def test_files_with_keys_are_left_out_and_secrets_are_masked(project: Project) -> None:
    key, token = secret(), secret()
    write(project.folder, {"train.py": f'api_key = "{key}"\nvalue = 1\n', "other.py": f"x = '{token}'\n"})
    write(project.folder, {".env": f"KEY={key}\n", "server.pem": key, "plain.py": "y = 1\n"})
    for name in ("train.py", "other.py", ".env", "server.pem"):
        holds(project.folder / name)
    run_dir = project.run(MY_TOKEN=token)
    sources = Sources(run_dir)
    assert set(sources.files) == {"train.py", "other.py", "plain.py"}
    assert sources.read("train.py") == b'api_key = "***"\nvalue = 1\n'
    assert sources.read("other.py") == b"x = '***'\n"
    assert sources.about["masked"] == ["other.py", "train.py"]
    assert {item["path"]: item["reason"] for item in sources.about["skipped"]} == {
        ".env": "secret",
        "server.pem": "secret",
    }
    commit(project.folder)
    assert Sources(project.run()).files["train.py"].flags == "mc"


def test_large_and_binary_files_are_named_and_left_out(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "TOTAL_LIMIT", 600_000)
    write(project.folder, {"train.py": "a", "small.bin": b"\0" * 100, "large.bin": b"\0" * 300_000})
    write(
        project.folder, {"huge.txt": "x" * 1_100_000, "wide.txt": "y" * 500_000, "wider.txt": "z" * 510_000}
    )
    sources = Sources(project.run())
    assert set(sources.files) == {"train.py", "small.bin", "wide.txt"}
    assert {item["path"]: item["reason"] for item in sources.about["skipped"]} == {
        "huge.txt": "size",
        "large.bin": "binary",
        "wider.txt": "total",
    }
    assert {item["reason"] for item in Sources(project.run()).about["skipped"]} == {"size", "binary", "total"}


def test_a_dirty_tree_of_ten_gigabytes_costs_no_more_than_its_sources(project: Project) -> None:
    write(project.folder, {"train.py": "a = 1\n"})
    commit(project.folder)
    write(project.folder, {"train.py": "a = 2\n", "new.py": "n\n"})
    for number in range(10):
        with (project.folder / f"dump{number}.npy").open("wb") as file:
            file.truncate(2**30)
    sources = Sources(project.run())
    assert {path: sources.read(path) for path in sources.files} == {"train.py": b"a = 2\n", "new.py": b"n\n"}
    assert {item["size"] for item in sources.about["skipped"]} == {2**30}
    assert weight(project.root) < 10_000


def test_a_walk_ends_at_its_limit(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "WALK_ENTRIES", 150)
    write(project.folder, {**{f"d{n}/f{n}.py": "x" for n in range(100)}})
    sources = Sources(project.run(script=""))
    assert sources.about["is_whole"] is False
    assert 0 < len(sources.files) < 100


def test_windows_line_ends_and_other_encodings_are_kept_as_they_are(project: Project) -> None:
    contents = {
        "train.py": b"a = 1\r\nb = 2\r\n",
        "latin.py": b"# caf\xe9\n",
        "wide.txt": "é".encode("utf-16"),
    }
    for name, content in contents.items():
        (project.folder / name).write_bytes(content)
    assert project.contents() == contents


def test_submodules_are_kept_with_the_files_of_their_working_tree(project: Project, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    write(inner, {"module.py": "m = 1\n"})
    commit(inner)
    write(project.folder, {"train.py": "a"})
    commit(project.folder)
    git(project.folder, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "inner")
    write(project.folder, {"inner/module.py": "m = 2\n", "inner/new.py": "n\n"})
    contents = project.contents()
    assert (contents["inner/module.py"], contents["inner/new.py"]) == (b"m = 2\n", b"n\n")


def test_the_storage_root_and_installed_tools_are_no_sources(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.root = project.folder / "store"
    project.root.mkdir()
    write(project.folder, {"train.py": "a"})
    assert set(project.contents()) == {"train.py"}
    tool = f"{tmp_path}/bin/tool"
    write(tmp_path, {"bin/tool": "#!python", "bin/other": ""})
    assert set(project.contents(script=tool)) == {"train.py"}  # the working directory


def test_a_further_run_costs_little(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "YOUNG", 0.0)
    lines = [f"x{n} = {os.urandom(20).hex()!r}\n" for n in range(20)]
    write(
        project.folder, {"train.py": "a = 1\n", **{f"m{n}.py": "".join(lines) + str(n) for n in range(200)}}
    )
    reads: list[Path] = []
    read_source = keep.read_source
    monkeypatch.setattr(keep, "read_source", lambda path: reads.append(path) or read_source(path))
    project.run()
    first, count = weight(project.root), len(reads)
    project.run()
    assert len(reads) == count  # nothing was read again
    assert weight(project.root) - first < 2_000
    write(project.folder, {"train.py": "a = 2\n"})
    second = weight(project.root)
    changed = Sources(project.run())
    assert weight(project.root) - second < 20_000
    assert (changed.read("train.py"), changed.read("m7.py")[-1:]) == (b"a = 2\n", b"7")
    write(project.folder, {"train.py": "a = 1\n"})
    assert Sources(project.run()).identity != changed.identity


def test_many_changes_leave_few_packs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "YOUNG", 0.0)
    write(project.folder, {**{f"m{n}.py": os.urandom(400).hex() for n in range(20)}})
    for number in range(30):
        write(project.folder, {"train.py": f"a = {number}\n", f"n{number}.py": str(number)})
        sources = Sources(project.run())
        assert len(record.packs_of(sources.about)) <= keep.MOST_PACKS
        assert sources.read("train.py") == f"a = {number}\n".encode()
    assert {path: sources.read(path) for path in sources.files} == {
        path.name: path.read_bytes() for path in project.folder.iterdir()
    }
    for path in project.folder.glob("m*.py"):
        path.unlink()
    slim = Sources(project.run())
    assert sum(record.packs_of(slim.about).values()) < 20_000  # without the contents of removed files


def test_packs_are_collected_with_their_last_run(project: Project) -> None:
    write(project.folder, {"train.py": "a = 1\n"})
    first, second = project.run(), project.run()
    store = Store(project.root)
    shutil.rmtree(first)
    garbage.collect(store)
    assert Sources(second).read("train.py") == b"a = 1\n"
    (digest,) = record.packs_of(Sources(second).about)
    assert store.pool.blob(digest).exists()
    shutil.rmtree(second)
    assert garbage.collect(store).bytes > 0
    assert not store.pool.blob(digest).exists()
    assert project.contents() == {"train.py": b"a = 1\n"}  # although the cache names the deleted content


def test_without_hard_links_a_run_has_copies(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    write(project.folder, {"train.py": "a = 1\n"})
    run_dir = project.run()
    garbage.collect(Store(project.root))
    assert Sources(run_dir).read("train.py") == b"a = 1\n"


def test_damaged_packs_are_refused_with_a_sentence(project: Project) -> None:
    write(project.folder, {"train.py": "a = 1\n"})
    run_dir = project.run()
    (pack,) = (run_dir / layout.SOURCES).iterdir()
    pack.unlink()
    pack.write_bytes(b"PK\3\4 torn")
    with pytest.raises(ValueError, match="not a pack"):
        _ = Sources(run_dir).files


class Shell:
    """The parts of IPython's shell that the recorder uses."""

    def __init__(self, *cells: str) -> None:
        self.user_ns: dict[str, object] = {}
        self.history_manager = self
        self.input_hist_raw = ["", *cells]
        self.events = self
        self.callbacks: list = []

    def register(self, name: str, function: object) -> None:
        assert name == "pre_run_cell"
        self.callbacks.append(function)

    def unregister(self, name: str, function: object) -> None:
        self.callbacks.remove(function)

    def run_cell(self, text: str) -> None:
        for function in list(self.callbacks):
            function(type("Info", (), {"raw_cell": text, "store_history": True}))


def test_the_cells_that_ran_are_kept(tmp_path: Path) -> None:
    shell = Shell("import runicorn", "run = runicorn.init()")
    recorder = cells.CellRecorder(shell, tmp_path, {"JPY_SESSION_NAME": "/home/me/work.ipynb"})
    shell.run_cell("%time train()\n")
    token = secret()
    shell.run_cell(f'hf_token = "{token}"')
    recorder.stop()
    shell.run_cell("after()")
    assert cells.read(tmp_path) == {
        "notebook": "work.ipynb",
        "cells": ["import runicorn", "run = runicorn.init()", "%time train()\n", 'hf_token = "***"'],
    }

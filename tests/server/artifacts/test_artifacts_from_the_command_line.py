"""`runicorn artifacts` and `runicorn clean` read the files, and print what the API responds."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import runicorn as rn
from runicorn.artifacts.store import Store
from runicorn_tools.cli import app
from runicorn_tools.cli.support import common
from tests.mounts import read_only as _read_only

read_only = _read_only
Write = Callable[..., Path]


@pytest.fixture
def logged(run: rn.Run, write: Write) -> rn.Run:
    """Model m with two versions, dataset d and model d with one each."""
    for kind in ("dataset", "model"):
        run.log_artifact(rn.Artifact("d", kind).add_file(write("d.csv", "a,b\n1,2\n")))
    for number in (1, 2):
        artifact = rn.Artifact("m", metadata={"acc": number}, description=f"try {number}").add_tags("t")
        artifact.add_file(write("shared.bin", b"s" * 5000)).add_file(write("own.bin", b"%d" % number * 700))
        run.log_artifact(artifact.add_reference("s3://b/k", size=5))
    return run


@pytest.fixture
def call(folder: Path) -> Callable[..., tuple[int, str]]:
    """`call("artifacts", "--action", "list")`: exit code and all that was said."""

    def run_it(*words: str, answer: str = "", storage: Path = folder) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*words, "--storage", str(storage)], input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run_it


def blobs(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in Store(folder).pool.blobs())


def test_lists_and_details_are_printed(logged: rn.Run, call: Any, folder: Path) -> None:
    code, output = call("artifacts", "--action", "list")
    assert code == 0 and "Found 3 artifact(s):" in output
    assert re.search(r"m +model +2 +5.7 kB +v2 +\d{4}-\d\d-\d\d \d\d:\d\d +latest=v2", output)
    code, output = call("artifacts", "--action", "versions", "--name", "m")
    assert code == 0 and output.count(logged.id) == 2
    code, output = call("artifacts", "--action", "info", "--name", "m", "--version", "2")
    assert code == 0
    for word in ("model/m:v2", "try 2", "acc", "shared.bin", "s3://b/k", "sha256:", str(folder)):
        assert word in output
    code, output = call("artifacts", "--action", "stats")
    assert code == 0 and "3 artifacts, 4 versions" in output and "saved by storing equal files once" in output
    assert call("artifacts", "--action", "list", "--type", "config") == (0, "No artifacts found.\n")


@pytest.mark.django_db
def test_the_json_equals_that_of_the_api(store: Path, logged: rn.Run, call: Any, api: Any) -> None:
    call("artifacts", "--action", "delete", "--name", "m", "--version", "1")

    def both(words: str, address: str) -> tuple[Any, Any]:
        return json.loads(call("artifacts", "--json", "--action", *words.split())[1]), api.get(address).json()

    assert len(set(map(json.dumps, both("list", "/api/artifacts")))) == 1
    assert len(set(map(json.dumps, both("list --type dataset", "/api/artifacts?type=dataset")))) == 1
    ours, theirs = both("stats", "/api/artifacts/stats")
    assert ours == theirs
    ours, theirs = both("versions --name m", "/api/artifacts/m/versions?include_deleted=true")
    assert ours == theirs and [entry["status"] for entry in ours] == ["deleted", "ready"]
    ours, theirs = both("info --name m --version 2", "/api/artifacts/m/v2")
    assert {key: ours[key] for key in theirs if key in ours} | {"deleted_at": None} == theirs


def test_errors_have_a_message_and_an_exit_code(logged: rn.Run, call: Any, folder: Path) -> None:
    for code, words, sentence in [
        (2, "versions", "--name is required for 'versions' action"),
        (2, "info --name m", "--version is required for 'info' action"),
        (2, "verify --version 1", "--name is required"),
        (2, "info --name m --version 0", "--version"),
        (2, "list --type nonsense", "nonsense"),
        (1, "versions --name nope", "Artifact not found: nope"),
        (1, "info --name m --version 9", "Version not found: m:v9"),
        (1, "versions --name d", "specify one, as type/d"),
        (0, "versions --name d --type dataset", "v1"),
        (0, "versions --name dataset/d", "v1"),
        (2, "versions --name nonsense/d", "Invalid artifact type"),
    ]:
        exit_code, output = call("artifacts", "--action", *words.split())
        assert exit_code == code and sentence in output, (words, output)
    assert call("artifacts", "--action", "list", storage=folder / "nowhere")[0] == 4
    assert call("clean")[0] == 2


def test_deleting_asks_and_takes_a_piped_answer(logged: rn.Run, call: Any, folder: Path) -> None:
    first = ("artifacts", "--action", "delete", "--name", "m", "--version", "1")
    assert call(*first) == (0, "Soft deleted m:v1\n")
    code, output = call(*first, "--permanent")
    assert code == 2 and "--yes is needed" in output and (folder / "artifacts/model/m/v1").is_dir()
    assert "Cancelled." in call(*first, "--permanent", answer="n\n")[1]
    code, output = call(*first, "--permanent", answer="y\n")
    promised, freed = re.findall(r"([\d,]+) bytes", output)
    assert code == 0 and promised == freed and not (folder / "artifacts/model/m/v1").exists()


def test_garbage_is_listed_before_it_is_removed(
    logged: rn.Run, call: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "0 bytes" in call("clean", "--dedup")[1]
    orphan = folder / "artifacts/.dedup/ab" / ("ab" + "0" * 62)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"x" * 1234)
    before = blobs(folder)
    code, output = call("clean", "--dedup", "--dry-run")
    assert code == 0 and "1 content without a version" in output and "1,234 bytes" in output
    code, output = call("clean", "--dedup")
    assert code == 2 and "--force is needed" in output and orphan.exists()
    monkeypatch.setattr(common, "is_interactive", lambda: True)
    assert "Cancelled." in call("clean", "--dedup", answer="n\n")[1] and orphan.exists()
    code, output = call("clean", "--dedup", "--force")
    assert code == 0 and "1,234 bytes were freed" in output and blobs(folder) == before - 1234
    assert json.loads(call("clean", "--dedup", "--json")[1])["bytes"] == 0


def test_a_store_without_artifacts_is_left_as_it_is(call: Any, folder: Path) -> None:
    assert call("clean", "--dedup", "--force")[0] == 0
    assert "0 artifacts" in call("artifacts", "--action", "stats")[1]
    assert list(folder.iterdir()) == []


def test_damage_ends_verification_with_a_failure(logged: rn.Run, call: Any, folder: Path) -> None:
    code, output = call("artifacts", "--action", "verify")
    assert code == 0 and output.count("is intact") == 4
    version = Store(folder).find("m").version(1)
    for path in {
        version.file_path("own.bin"),
        version.artifact.store.pool.blob(version.manifest.files[0].digest),
    }:
        os.chmod(path, 0o644)
        path.write_bytes(b"x" * 700)
    code, output = call("artifacts", "--action", "verify", "--name", "m")
    assert code == 1 and "m:v1 is corrupted: own.bin" in output and "m:v2 is intact" in output
    (version.path / "manifest.json").write_text("{")
    code, output = call("artifacts", "--action", "versions", "--name", "m")
    assert code == 0 and "manifest.json" in output and "v2" in output
    assert call("artifacts", "--action", "verify", "--name", "m", "--version", "1")[0] == 1
    assert call("artifacts", "--action", "info", "--name", "m", "--version", "1")[0] == 1
    assert call("clean", "--dedup", "--force")[0] == 1


def test_a_read_only_store_is_a_matter_of_permission(
    logged: rn.Run, call: Any, folder: Path, read_only: Any
) -> None:
    version = ("--name", "m", "--version", "1")
    with read_only(folder):
        assert call("artifacts", "--action", "delete", *version)[0] == 3
        assert call("artifacts", "--action", "delete", "--permanent", "--yes", *version)[0] == 3
        assert call("artifacts", "--action", "verify", *version)[0] == 3
        assert call("artifacts", "--action", "list")[0] == 0


def test_names_do_not_command_the_terminal(logged: rn.Run, call: Any, folder: Path) -> None:
    (folder / "artifacts/model/m").rename(folder / "artifacts/model/\x1b[31mred[bold]")
    output = call("artifacts", "--action", "list")[1]
    assert "\x1b" not in output and "[31mred[bold]" in output

"""`runicorn fsck` reports missing and damaged data anywhere in a store, and repairs only what is derived."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

import runicorn as rn
from runicorn.artifacts.store import Store
from runicorn.store.file_checksums import is_intact
from runicorn_tools import fsck
from runicorn_tools.cli import app
from tests.conftest import FIXTURE_STORE
from tests.large import many
from tests.sdk.companion.trainings import Training
from tests.tools.maintenance import damage

FIXTURES = FIXTURE_STORE.parent

Call = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without damage, which tests must not change."""
    root = tmp_path_factory.mktemp("whole") / "store"
    damage.make_store(root, tmp_path_factory.mktemp("work"))
    return root


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Path:
    return damage.copy_store(whole, tmp_path / "store")


@pytest.fixture
def call(store: Path) -> Call:
    """Run `runicorn fsck --json …`: the exit code and the document."""

    def run(*options: str) -> tuple[int, dict[str, Any]]:
        result = CliRunner().invoke(app, ["fsck", "--json", "--storage", str(store), *options])
        return result.exit_code, json.loads(result.stdout)

    return run


def _content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _kinds(answer: dict[str, Any]) -> set[str]:
    return {finding["kind"] for finding in answer["findings"]}


def test_an_intact_store_has_no_findings(call: Call) -> None:
    code, answer = call()
    assert (code, answer["ok"], answer["findings"]) == (0, True, [])
    assert (answer["runs"], answer["records"], answer["media"]) == (3, 3 * 306, 18)
    assert (answer["versions"], answer["files"]) == (2, 8)


def test_the_text_form_names_file_and_damage(store: Path) -> None:
    (media,) = sorted(store.glob("p/n0/runs/*/media/*rows*"))
    media.unlink()
    result = CliRunner().invoke(app, ["fsck", "--storage", str(store)])
    assert result.exit_code == 1
    assert f"error: {media.relative_to(store)}: A file in the journal is missing." in result.output
    assert "Checked 3 runs with 918 records" in result.output and "1 error, 0 warnings" in result.output


def _is_found(whole: Path, store: Path, fault: damage.Fault, path: Path, chance: Random) -> str:
    """Return what is wrong with the check of one fault; "" if it is found and nothing else is changed."""
    root = damage.copy_store(whole, store)
    target = root / path.relative_to(whole)
    fault(target, chance)
    before = _content(root)
    report = fsck.check(root)
    named = [finding for finding in report.findings if _concerns(root, target, finding.path)]
    if not named:
        return f"{fault.__name__} of {path.relative_to(whole)} was not found"
    return "" if _content(root) == before else f"the check changed {path}"


def _concerns(root: Path, target: Path, place: str) -> bool:
    """Whether a finding is about the file, or about another name of the same content."""
    path = root / place
    return path == target or (path.exists() and target.exists() and os.path.samefile(path, target))


def test_each_kind_of_fault_is_found(whole: Path, store: Path) -> None:
    chance = Random(3)
    once = {
        (fault, path.name if path.suffix != ".png" else ".png"): path for fault, path in damage.faults(whole)
    }
    chosen = [key for key in once if not (len(key[1]) == 64 and chance.random() < 0.6)]
    assert not [
        problem for key in many(chosen) if (problem := _is_found(whole, store, key[0], once[key], chance))
    ]


@pytest.mark.torture
def test_two_hundred_random_faults_are_found(whole: Path, store: Path) -> None:
    chance = Random(17)
    every = damage.faults(whole)
    problems = [_is_found(whole, store, *chance.choice(every), chance) for _ in range(200)]
    assert not [problem for problem in problems if problem]


def test_the_quick_form_reads_no_contents(store: Path, call: Call) -> None:
    (media,) = sorted(store.glob("p/n0/runs/*/media/*rows*"))
    damage.flip(media, Random(1))
    assert call("--quick")[0] == 0
    media.write_bytes(b"")
    code, answer = call("--quick")
    assert code == 1 and _kinds(answer) == {"media-damaged"}


def test_half_a_line_and_unwritten_records_are_warnings(store: Path, call: Call) -> None:
    (run,) = store.glob("p/n0/runs/*")
    with (run / "events.jsonl").open("ab") as journal:
        journal.write(b'{"ts":1.0,"ty')
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps(status | {"records_missing": 7}))
    code, answer = call()
    assert code == 0 and answer["warnings"] == 2
    assert _kinds(answer) == {"line-torn", "records-unwritten"}


def test_repair_touches_only_what_is_derived(store: Path, call: Call) -> None:
    (run,) = store.glob("p/n0/runs/*")
    leftover = run / ".status.json.1.abcd.tmp"
    leftover.write_bytes(b"half")
    os.utime(leftover, (1, 1))
    (artifact,) = Store(store).folders()
    (artifact.path / "versions.json").write_bytes(b"{")
    shutil.rmtree(run / "media")
    before = _content(store)
    code, answer = call("--repair")
    assert code == 1 and _kinds(answer) == {"leftover", "index-damaged", "media-missing"}
    after = _content(store)
    assert {name for name in before if before[name] != after.get(name)} == {
        str(leftover.relative_to(store)),
        "artifacts/dataset/data/versions.json",
    }
    assert [entry["version"] for entry in artifact.index_entries()] == [1, 2]
    assert call()[1]["errors"] == 6


def test_a_store_of_another_program_is_read(tmp_path: Path) -> None:
    from tests.folders import write_run

    write_run(tmp_path, metrics=[{"loss": 1.0}])
    assert fsck.check(tmp_path).findings == []


@pytest.mark.parametrize("version", ["0.5.3", "0.6.0", "0.7.2"])
def test_an_older_store_has_no_checksums_to_differ_from(tmp_path: Path, version: str) -> None:
    with tarfile.open(FIXTURES / f"runicorn-store-{version}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    kinds = {finding.kind for finding in fsck.check(tmp_path / f"runicorn-store-{version}").findings}
    assert not kinds & {"altered", "journal-altered", "log-altered", "manifest-damaged"}


def test_a_rewrite_by_another_program_is_not_damage(store: Path, call: Call) -> None:
    for path in [*store.glob("*/*/runs/*/*.json"), *store.glob("artifacts/*/*/v*/*.json")]:
        os.chmod(path, 0o600)
        path.write_text(json.dumps(json.loads(path.read_text())))
    assert call()[:1] == (0,) and not call()[1]["findings"]


def test_repeated_and_swapped_lines_are_named(store: Path, call: Call) -> None:
    first, second, _ = sorted(store.glob("*/*/runs/*/events.jsonl"))
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join([*lines[:7], *lines[6:]]))
    lines = second.read_bytes().splitlines(keepends=True)
    second.write_bytes(b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]))
    assert {finding["message"] for finding in call()[1]["findings"]} == {
        "Line 8 is repeated or out of order.",
        "Line 5 is repeated or out of order.",
    }


def test_archives_keep_checksums(store: Path, tmp_path: Path, call: Call) -> None:
    target = tmp_path / "imported"
    archive = tmp_path / "runs.zip"
    for command in (
        ["export", "--output", str(archive), "--include-artifacts", "--storage", str(store)],
        ["import", str(archive), "--storage", str(target)],
    ):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    places = sorted(path.relative_to(store) for path in store.glob("p/*/runs/*/*.json"))
    places += sorted(path.relative_to(store) for path in store.glob("artifacts/*/*/v*/*.json"))
    assert len(places) > 15
    assert all(is_intact((target / place).read_bytes()) for place in places)
    assert fsck.check(target).findings == []


def test_damage_before_a_run_was_resumed_is_found(tmp_path: Path) -> None:
    options = {"storage": tmp_path, "capture_env": False, "system_metrics": False}
    run = rn.init("p", "n", **options)
    run.log_text("before")
    run.finish()
    damage.flip(run.run_dir / "logs.txt", Random(2))
    again = rn.init("p", "n", run_id=run.id, resume=True, **options)
    again.log_text("after")
    again.finish()
    assert [finding.kind for finding in fsck.check(tmp_path).findings] == ["log-altered"]


def test_the_log_of_a_killed_training_is_checked(tmp_path: Path) -> None:
    store, home = tmp_path / "store", tmp_path / "home"
    store.mkdir()
    home.mkdir()
    killed = Training(store, home, "run.log_text('x' * 50); os.kill(os.getpid(), signal.SIGKILL)")
    killed.go_on()
    assert killed.ended()["status"] == "failed"
    (log,) = store.glob("p/n/runs/*/logs.txt")
    assert fsck.check(store).findings == []
    damage.flip(log, Random(4))
    assert [finding.kind for finding in fsck.check(store).findings] == ["log-altered"]


def test_a_missing_storage_root_is_reported(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["fsck", "--storage", str(tmp_path / "none")])
    assert result.exit_code == 4 and "There is no storage root" in result.output

"""Named pipes among the files of other trackers and in stores: opening one would block for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.importers.test_import_of_trackers import OTHERS, TRACKERS, unpacked
from tests.processes import environment

EACH = """
import os, sys
from pathlib import Path
from runicorn_importers.cli.import_from import Tracker, reader
from runicorn_importers.writing.writer import import_experiments
from runicorn_importers.experiment import NotReadable
tracker, source, root = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
names = {}
for file in sorted(path for path in source.rglob("*") if path.is_file()):
    names.setdefault((file.suffix, file.name), file)
for number, file in enumerate(list(names.values())[:40]):
    print(file, flush=True)
    aside = file.with_name(file.name + ".aside")
    file.rename(aside)
    os.mkfifo(file)
    store = root / str(number)
    store.mkdir()
    try:
        import_experiments(store, reader(Tracker(tracker))(source), source=f"{tracker}:{source}")
    except NotReadable as error:
        print("  ", error)
    file.unlink()
    aside.rename(file)
print("all read")
"""


@pytest.mark.parametrize("tracker", [*TRACKERS, *OTHERS])
def test_an_importer_ignores_or_reports_named_pipes(tracker: str, tmp_path: Path, home: Path) -> None:
    source = unpacked(tracker, tmp_path)
    store = tmp_path / "store"
    store.mkdir()
    code = [sys.executable, "-c", EACH, tracker, str(source), str(store)]
    try:
        process = subprocess.run(
            code, env=environment(home), capture_output=True, text=True, timeout=100, check=False
        )
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"blocked at {(error.stdout or b'').decode().splitlines()[-1]}")
    assert process.returncode == 0 and process.stdout.endswith("all read\n"), process.stdout + process.stderr


def test_watching_ignores_named_pipes(tmp_path: Path, home: Path) -> None:
    source, store = tmp_path / "source", tmp_path / "store"
    store.mkdir()
    for name in ("tb/events.out.tfevents.1", "run-1.wandb", "trackio/a.db", "mlruns/0/meta.yaml"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(source / name)
    code = (
        "import sys; from pathlib import Path; from runicorn_importers.watching.watch import Watcher;"
        "report = Watcher(Path(sys.argv[1]), (Path(sys.argv[2]),)).scan(); print(report.points)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(store), str(source)],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.stdout == "0\n", process.stderr

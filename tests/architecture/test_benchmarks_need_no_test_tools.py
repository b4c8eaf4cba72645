"""Benchmarks run in the environment of `make run`: without pytest, the tests and what only tests need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.processes import PROJECT, environment

IMPORT_ALL = """
import importlib, pathlib, sys

BLOCKED = {"_pytest", "hypothesis", "moto", "openpyxl", "paramiko", "playwright", "psycopg", "pytest", "tests", "websockets"}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
names = []
for path in sorted(pathlib.Path("benchmarks").rglob("*.py")):
    names.append(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_every_benchmark_is_imported_without_test_tools() -> None:
    command = [sys.executable, "-c", IMPORT_ALL]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 20


def test_a_benchmark_opens_the_index_and_the_durable_database(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from benchmarks.support.rounds import use_store\n"
        "folder = pathlib.Path(sys.argv[1]); use_store(folder / 'store', folder)\n"
        "from alerts.models import AlertRule; from runs.models import Run\n"
        "print(AlertRule.objects.count(), Run.objects.count())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(
        command, cwd=PROJECT, env=environment(tmp_path), capture_output=True, text=True, timeout=120
    )
    assert (result.returncode, result.stdout) == (0, "0 0\n"), result.stderr

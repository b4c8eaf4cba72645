"""The public names, the old import path, and that nobody pays for what he does not use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import runicorn
from runicorn import extensions, sdk
from tests.processes import PROJECT


@pytest.mark.parametrize(
    "name", ["AlertRule", "AnomalyDetector", "EnvironmentCapture", "MetricMonitor", "MetricsExporter"]
)
def test_a_name_is_one_thing_under_both_paths(name: str) -> None:
    assert getattr(runicorn, name) is getattr(extensions, name)


@pytest.mark.parametrize("name", ["Run", "get_active_run", "init"])
def test_runs_are_found_under_their_old_path(name: str) -> None:
    assert getattr(runicorn, name) is getattr(sdk, name)


def test_the_old_path_has_all_it_had_but_the_manager_nothing_ever_filled() -> None:
    assert {"EnvironmentInfo", "capture_for_run", "create_monitor_callback"} < set(extensions.__all__)


def test_neither_import_nor_init_loads_what_runs_beside_a_training() -> None:
    code = (
        "import sys, runicorn as rn\n"
        "run = rn.init(mode='disabled')\nrun.log(loss=1)\nrun.finish()\n"
        "names = 'console environment exporters git histograms machine masking monitors sampler screen tables usage'\n"
        "print([name for name in names.split() if f'runicorn.{name}' in sys.modules])\n"
    )
    answer = subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, text=True)
    assert answer.strip() == "[]"

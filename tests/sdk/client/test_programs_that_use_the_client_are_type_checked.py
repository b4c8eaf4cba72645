from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import runicorn
from tests.processes import PROJECT

GOOD = """
import runicorn as rn
import runicorn.api as api
from runicorn.api import responses as shapes, utils

from runicorn.sdk import init
from runicorn.extensions import MetricMonitor
from runicorn.manifest import ManifestGenerator, ManifestType
from runicorn.remote_storage.manifest_sync import ManifestSyncClient

init("p").log({"loss": 1.0})
MetricMonitor().check_metrics({"loss": 1.0})
rn.log_table("predictions", [{"label": 3}], step=1).upper()
rn.log_histogram("weights", [0.5], bins=8).upper()

def best(project: str) -> float | None:
    with api.connect("http://127.0.0.1:23300", token=None) as client:
        found: list[shapes.Experiment] = client.list_experiments(project, status=["finished"], tags=["a"], limit=5)
        for run in client.iter_experiments(order_by="metric.loss.last", order_desc=False):
            points: list[shapes.MetricPoint] = client.get_metrics(run["id"])["metrics"].get("loss", [])
            print(run["created_at"] + 1, points[0]["step"], client.get_run(run["id"])["config"])
        print(utils.export_metrics_to_csv(client, found[0]["id"], "a.csv").upper())
        try:
            client.remote.start_viewer("me@gpu:22", "~/runs")["url"].upper()
        except api.ConflictError as error:
            client.remote.accept_host_key(error)
        print(api.Experiment.from_dict(found[0]).created_datetime.year)
        return found[0]["best_metric_value"]
"""
BAD = """
import runicorn as rn
import runicorn.api as api

rn.log_tabel("predictions", [])
client = api.connect(23300)
client.list_experiments(projects="vision")
client.list_experiments()[0]["creation"]
client.export_experiment("x", format="xml")
from runicorn.sdk import initialise
from runicorn.extensions import MetricMonitr
from runicorn.manifest import ManifestGenerater
from runicorn.remote_storage.manifest_sync import ManifestSyncCliant
"""


def test_right_uses_pass_and_wrong_ones_do_not(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text(BAD)
    command = ["--strict", "--follow-imports=silent", "--ignore-missing-imports", "--cache-dir=.cache"]
    result = subprocess.run(
        [sys.executable, "-m", "mypy", *command, "good.py", "bad.py"],
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = [line for line in result.stdout.splitlines() if ": error:" in line]
    assert {line.split(":")[0] for line in wrong} == {"bad.py"}, result.stdout + result.stderr
    assert {int(line.split(":")[1]) for line in wrong} == {5, 6, 7, 8, 9, 10, 11, 12, 13}, result.stdout
    assert Path(runicorn.__file__).with_name("py.typed").exists()

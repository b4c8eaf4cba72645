"""An environment of the lowest version of every requirement trains, serves and answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT, Viewer

TRAINING = """
import sys
import runicorn as rn
run = rn.init(project="floors", name="n", storage=sys.argv[1])
for step in range(10):
    rn.log({"loss": 1 / (step + 1)})
rn.finish()
print(run.id)
"""
FLOOR = re.compile(r"^([A-Za-z0-9_.\[\],-]+)>=([0-9.]+)")


def floors() -> list[str]:
    """The requirements, each as its lowest version."""
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    matches = [FLOOR.match(line) for line in lines if line and not line.startswith("#")]
    assert all(matches), "a requirement without a floor"
    return [f"{match[1]}=={match[2]}" for match in matches if match]


def test_every_requirement_has_a_floor_that_django_fixes() -> None:
    assert "Django==5.2.19" in floors()


@pytest.mark.torture
def test_an_environment_of_the_lowest_versions_serves_a_run(tmp_path: Path, folder: Path, home: Path) -> None:
    environment = tmp_path / "venv"
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *floors()], check=True)
    subprocess.run([*install, "--no-deps", PROJECT / "sdk", PROJECT], check=True)
    home.mkdir(exist_ok=True)

    class LowestViewer(Viewer):
        first = True

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "executable", str(python))
        viewer = LowestViewer(folder, home, RUNICORN_RATE_LIMIT="off")
    try:
        trained = subprocess.run(
            [python, "-c", TRAINING, folder], cwd=PROJECT, check=True, capture_output=True, text=True
        )
        run_id = trained.stdout.split()[-1]
        viewer.wait_until_it_answers()
        assert viewer.get(f"/api/runs/{run_id}/metrics").json()["total"] == 10
        assert viewer.get("/").status_code == viewer.get(f"/runs/{run_id}").status_code == 200
        assert json.loads(viewer.get("/openapi.json").text)["openapi"].startswith("3.")
    finally:
        viewer.stop()

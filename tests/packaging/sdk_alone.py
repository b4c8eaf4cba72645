"""Train with an installed runicorn-sdk, on any Python from 3.9 on and without pytest: what it wrote is checked."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TRAINING = """
import runicorn as rn
with rn.init(project="p", name="n", config={"lr": 0.1}) as run:
    for step in range(100):
        run.log({"loss": 1 / (step + 1)})
    run.log_text("done")
    run.log_samples("rollouts", [{"prompt": "1+1", "completion": "2", "reward": 1.0}], step=3)
    run.summary({"accuracy": 0.9})
"""


def main() -> None:
    """Train in a process of its own, and read the files of the run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "error", "-c", TRAINING]
        subprocess.run(command, env={"RUNICORN_DIR": folder, "HOME": folder}, cwd=folder, check=True)
        (run,) = Path(folder).glob("p/n/runs/*")
        lines = (run / "events.jsonl").read_text().splitlines()
        assert sum('"loss"' in line for line in lines) == 100, lines[-3:]
        assert json.loads((run / "status.json").read_text())["status"] == "finished"
        assert json.loads((run / "summary.json").read_text())["accuracy"] == 0.9
        assert "done" in (run / "logs.txt").read_text()
    print(f"Python {sys.version.split()[0]}: a run was trained with the SDK alone.")  # noqa: T201


if __name__ == "__main__":
    main()

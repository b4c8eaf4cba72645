"""`compare` says whether a run is better than another, and `@baseline` names the runs of the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runicorn.store.project import analysis
from tests.folders import write_run

ACCURACIES = {"wide": (0.80, 0.81, 0.79), "deep": (0.90, 0.91, 0.89)}
IDS = [f"20260114_15304{number}_a1b2c{number}" for number in range(6)]


def write_own_runs(root: Path) -> None:
    """Two settings with three seeds each; the first is the baseline."""
    values = [(name, value) for name, several in ACCURACIES.items() for value in several]
    for number, (name, value) in enumerate(values):
        write_run(
            root,
            "seeds",
            name,
            run_id=IDS[number],
            created_at=1_768_404_640.0 + number,
            metrics=[{"acc": value}],
            config={"model": name, "seed": number},
        )

    def choose(content: analysis.Analysis) -> None:
        content["baseline"] = IDS[:3]

    analysis.update(root, "seeds", choose)


def test_two_runs_are_judged_by_the_spread_of_replicas(run: Any) -> None:
    verdicts = run("compare", IDS[0], IDS[1], IDS[3], "--json")["verdicts"]
    assert verdicts[IDS[1]][0]["verdict"] == "within_noise"
    assert verdicts[IDS[3]][0]["verdict"] == "better"
    assert verdicts[IDS[3]][0]["sentence"] in run("compare", IDS[0], IDS[3])


def test_the_baseline_is_named(run: Any) -> None:
    compared = run("compare", "@baseline", IDS[4], "--json")
    assert compared["runs"] == [*IDS[:3], IDS[4]]
    assert "has 3 runs" in run("show", "seeds/@baseline", code=2)
    assert "nowhere has no baseline" in run("show", "nowhere/@baseline", code=2)

"""Scripts written for Trackio, unchanged, and what they leave in the store."""

from __future__ import annotations

import json
from pathlib import Path

from tests.records import records
from tests.sdk.compat.conftest import Launch


def test_a_training_script_is_recorded(launch: Launch, folder: Path) -> None:
    done = launch(
        """
        import numpy as np, trackio
        run = trackio.init(project="my project", name="one", group="g", config={"lr": 0.1}, space_id="lab/space")
        trackio.config.update({"epochs": 2}, allow_val_change=True)
        trackio.config["optim"] = {"name": "adam"}
        assert trackio.context_vars.current_project.get() == "my project"
        for n in range(2):
            trackio.log({"loss": 1 - n / 2, "val": {"acc": n}})
        trackio.log({"late": 1}, step=9)
        run.log({"early": 1}, step=4)
        trackio.log({
            "table": trackio.Table(columns=["a"], data=[[1]]), "image": trackio.Image(np.zeros((4, 4)), caption="c"),
            "video": trackio.Video(np.zeros((2, 3, 4, 4), np.uint8), fps=2, format="gif"),
            "trace": trackio.Trace(messages=[{"role": "user", "content": "hi"}], metadata={"seed": 1}),
        })
        trackio.alert("Low", text="accuracy", level=trackio.AlertLevel.ERROR)
        assert trackio.freeze("space") is None and not trackio.unheard_of()
        trackio.finish()
        again = trackio.init(project="my project", name="one", resume="allow")
        assert again.id == run.id
        again.log({"loss": 0.25})
        """
    )
    assert done.returncode == 0, done.stderr
    (run,) = records(folder)
    assert [run.meta[key] for key in ("project", "name", "group")] == ["my project", "one", "g"]
    assert run.config == {"lr": 0.1, "epochs": 2, "optim.name": "adam"}
    assert run.curve("loss") == [(0, 1.0), (1, 0.5), (5, 0.25)]
    assert run.curve("val.acc") == [(0, 0), (1, 1)]
    assert (run.curve("late"), run.curve("early")) == ([(9, 1)], [(4, 1)])
    tables = {
        event["key"]: json.loads((run.path / event["path"]).read_text()) for event in run.events("table")
    }
    assert tables["table"]["rows"] == [[1]]
    assert tables["trace"]["rows"] == [["user", "hi"], ["metadata", '{"seed": 1}']]
    assert [(event["key"], event["step"]) for event in run.events("image")] == [("image", 10), ("video", 10)]
    assert run.events("alert") == [{"title": "Low", "text": "accuracy", "level": "error"}]
    assert "ERROR Low: accuracy" in run.log
    assert [line for line in done.stderr.splitlines() if "not supported" in line] == [
        "runicorn: trackio.unheard_of is not supported and does nothing."
    ]


def test_a_run_resumed_after_its_first_record_continues_at_the_next_step(
    launch: Launch, folder: Path
) -> None:
    done = launch(
        """
        import trackio
        for _ in range(3):
            trackio.init(project="p", name="one", resume="allow")
            trackio.log({"loss": 0.5})
            trackio.finish()
        """
    )
    assert done.returncode == 0, done.stderr
    (run,) = records(folder)
    assert run.curve("loss") == [(0, 0.5), (1, 0.5), (2, 0.5)]

"""Scripts written for W&B, unchanged, and what they leave in the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.records import Record, records
from tests.sdk.compat.conftest import Launch


def _media(run: Record, kind: str) -> list[tuple[str, int | None, str]]:
    return [(event["key"], event["step"], Path(event["path"]).suffix) for event in run.events(kind)]


def test_a_training_script_is_recorded(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import argparse, wandb
        arguments = argparse.Namespace(lr=0.1, optim={"name": "adam"})
        run = wandb.init(entity="lab", project="team/vision", name="resnet", config=arguments, tags=["a", "b"],
                         notes="first", group="sweep", job_type="train", id="abc123", resume="allow",
                         mode="offline", dir="elsewhere", settings=wandb.Settings(start_method="thread"))
        assert wandb.run is run and run.id == "abc123" and run.config is wandb.config
        wandb.config.batch = 32
        wandb.config["epochs"] = 2
        wandb.config.update({"epochs": 3, "optim": {"name": "sgd"}}, allow_val_change=True)
        assert wandb.config.optim["name"] == "sgd" and wandb.config.as_dict()["lr"] == 0.1
        assert dict(wandb.config) == {"lr": 0.1, "optim": {"name": "sgd"}, "batch": 32, "epochs": 3}
        for epoch in range(3):
            wandb.log({"loss": 1 / (epoch + 1), "val": {"acc": epoch / 10}, "step": epoch})
        wandb.summary["best"] = 0.9
        assert wandb.summary["loss"] == 1 / 3 and run.summary.best == 0.9
        wandb.alert(title="Low", text="accuracy", level=wandb.AlertLevel.WARN)
        wandb.mark_preempting()
        run.tags += ("c",)
        wandb.finish()
        assert wandb.run is None
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    meta = run.meta
    assert [meta[key] for key in ("project", "name", "notes", "group")] == [
        "team-vision",
        "resnet",
        "first",
        "sweep",
    ]
    assert meta["tags"] == ["a", "b", "c"]
    assert run.config == {
        "lr": 0.1,
        "optim.name": "sgd",
        "batch": 32,
        "epochs": 3,
        "wandb.entity": "lab",
        "wandb.job_type": "train",
        "wandb.id": "abc123",
    }
    assert run.curve("loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert run.curve("val.acc") == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert run.curve("wandb/step") == [(0, 0), (1, 1), (2, 2)]
    assert run.summary == {"best": 0.9}
    assert run.status["status"] == "finished"
    assert run.events("alert") == [{"title": "Low", "text": "accuracy", "level": "warn"}]
    assert "WARN Low: accuracy" in run.log and "preempted" in run.log


def test_steps_follow_the_rules_of_wandb(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        run = wandb.init(project="p")
        run.log({"a": 1}, commit=False)
        run.log({"b": 2})
        run.log({"a": 3}, step=10)
        run.log({"b": 4}, step=10, commit=True)
        run.log({"a": 5})
        run.log({"a": -1}, step=3)
        run.log({"a": -1}, step=4)
        assert run.step == 12
        """
    )
    (run,) = records(folder)
    assert run.curve("a") == [(0, 1), (10, 3), (11, 5)]
    assert run.curve("b") == [(0, 2), (10, 4)]
    assert process.stderr.count("was ignored") == 1 and "step 3" in process.stderr


def test_defined_metrics_have_steps_and_statistics(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        run = wandb.init(project="p")
        run.define_metric("epoch")
        run.define_metric("val/*", step_metric="epoch")
        run.define_metric("val/acc", step_metric="epoch", summary="max,mean", goal="maximize")
        for n in range(4):
            run.log({"loss": n, "epoch": 10 * n, "val/acc": (0.25, 0.75, 0.5, 0.5)[n], "val/loss": n})
        run.log({"val/loss": 9})
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert [step for step, _ in run.curve("loss")] == [0, 1, 2, 3]
    assert run.curve("val/acc") == [(0, 0.25), (10, 0.75), (20, 0.5), (30, 0.5)]
    assert run.curve("val/loss")[-1] == (30, 9)
    assert (run.summary["val/acc.max"], run.summary["val/acc.mean"]) == (0.75, 0.5)
    assert (run.summary["best_metric_name"], run.summary["best_metric_mode"]) == ("val/acc", "max")
    assert run.meta["metrics"]["val/acc"] == {"goal": "max", "summary": "max"}


def test_defined_metrics_may_be_numbers_of_numpy(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import numpy as np, wandb
        run = wandb.init(project="p")
        run.define_metric("acc", step_metric="epoch", summary="max")
        for n in range(3):
            run.log({"epoch": np.int64(10 * n), "acc": np.float32(n / 4)})
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.curve("acc") == [(0, 0.0), (10, 0.25), (20, 0.5)] and run.summary["acc.max"] == 0.5


def test_media_are_stored(launch: Launch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"video")
    process = launch(
        """
        import numpy as np, pandas as pd, wandb
        run = wandb.init(project="p")
        table = wandb.Table(columns=["id", "picture"])
        table.add_data(1, wandb.Image(np.zeros((4, 4, 3), np.uint8), caption="black"))
        table.add_column("score", [0.5])
        wandb.log({
            "image": wandb.Image(np.random.rand(8, 8), caption="noise"),
            "images": [wandb.Image(np.zeros((4, 4))), wandb.Image(np.ones((4, 4)))],
            "table": table, "frame": pd.DataFrame({"x": [1, 2]}),
            "hist": wandb.Histogram(np.arange(10)), "counted": wandb.Histogram(np_histogram=([1, 3], [0, 1, 2])),
            "array": np.arange(5), "video": wandb.Video(np.zeros((2, 3, 8, 8), np.uint8), fps=2),
            "clip": wandb.Video("clip.mp4"), "sound": wandb.Audio(np.zeros(100), sample_rate=8000),
            "page": wandb.Html("<b>bold</b>"), "cloud": wandb.Object3D(np.zeros((2, 3))),
            "loss": np.float32(0.5),
        }, step=7)
        wandb.log({"bad": wandb.Image("absent.png"), "loss": 2})
        cm = wandb.plot.confusion_matrix(y_true=[0, 1, 1], preds=[0, 1, 0], class_names=["cat", "dog"])
        wandb.log({"matrix": cm})
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert sorted(_media(run, "image")) == [
        *[("clip", 7, ".mp4"), ("cloud", 7, ".json"), ("image", 7, ".png"), ("images", 7, ".png")],
        *[("images", 7, ".png"), ("page", 7, ".html"), ("sound", 7, ".wav"), ("table/picture", 7, ".png")],
        ("video", 7, ".gif"),
    ]
    assert [key for key, _, _ in _media(run, "histogram")] == ["hist", "counted", "array"]
    assert [key for key, _, _ in _media(run, "table")] == ["table", "frame", "matrix"]
    contents: dict[str, Any] = {
        event["key"]: json.loads((run.path / event["path"]).read_text())
        for kind in ("table", "histogram")
        for event in run.events(kind)
    }
    assert contents["table"]["rows"] == [[1, "black", 0.5]]
    assert contents["matrix"]["rows"][2:] == [["dog", "cat", 1], ["dog", "dog", 1]]
    assert (contents["counted"]["edges"], contents["counted"]["counts"]) == ([0, 1, 2], [1, 3])
    assert run.events("image")[0]["caption"] == "noise"
    assert run.curve("loss") == [(7, 0.5), (7, 2)]
    assert "absent.png" in process.stderr


def test_artifacts_are_versions_of_the_store(launch: Launch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"weights")
    process = launch(
        """
        import wandb, pathlib
        with wandb.init(project="p") as run:
            artifact = wandb.Artifact("net:best", type="checkpoint", metadata={"acc": 1})
            artifact.add_file("model.pt", name="weights/model.pt")
            artifact.add_reference("s3://bucket/data", name="data")
            with artifact.new_file("note.txt") as file:
                file.write("hello")
            artifact.add(wandb.Table(columns=["a"], data=[[1]]), "rows")
            logged = run.log_artifact(artifact, aliases=["best", "latest"]).wait()
            assert (logged.version, logged.aliases, logged.type) == ("v0", ["best", "latest"], "checkpoint")
            run.log_artifact("model.pt", name="plain", type="model")
            run.log_code(".")
        with wandb.init(project="p") as run:
            used = run.use_artifact("lab/p/net-best:v0", type="checkpoint")
            folder = pathlib.Path(used.download())
            assert (folder / "weights" / "model.pt").read_bytes() == b"weights"
            assert used.metadata["acc"] == 1 and used.get("rows").data == [[1]]
            assert run.use_artifact("net-best:best").digest == used.digest
            try:
                run.use_artifact("absent:latest")
            except wandb.errors.CommError:
                print("absent")
        api = wandb.Api()
        assert [a.name for a in api.artifacts("checkpoint", "lab/p/net-best")] == ["net-best:v0"]
        (first, second) = api.runs("lab/p")
        assert [a.name for a in second.used_artifacts()] == ["net-best:v0"]
        """
    )
    assert (process.returncode, process.stdout) == (0, "absent\n"), process.stderr
    created = [json.loads((run.path / "artifacts_created.json").read_text()) for run in records(folder)[:1]]
    assert [entry["name"] for entry in created[0]["artifacts"]] == ["net-best", "plain", "source-p"]


def test_runs_are_resumed_and_read_by_the_api(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import os, wandb
        run = wandb.init(project="p", id="mine", resume="allow", config={"optim": {"lr": 0.1}}, name="one")
        for n in range(3):
            run.log({"loss": 1.0 - n / 4, "acc": n})
        open(os.path.join(run.dir, "kept.txt"), "w").write("kept")
        assert run.restore("kept.txt", root="restored").read() == "kept"
        run.finish()
        again = wandb.init(project="p", id="mine", resume="must")
        assert again.resumed and again.step == 3 and again.config["optim.lr"] == 0.1
        again.log({"loss": 0.25})
        again.finish(exit_code=1)
        try:
            wandb.init(project="p", id="other", resume="must")
        except wandb.errors.UsageError:
            pass
        else:
            raise AssertionError
        wandb.init(project="p", name="two", config={"optim": {"lr": 0.2}}).finish()

        api = wandb.Api()
        run = api.run("lab/p/mine")
        assert (run.state, run.name, run.config, run.summary["loss"]) == ("failed", "one", {"optim": {"lr": 0.1}}, 0.25)
        assert [row["loss"] for row in run.scan_history(keys=["loss"])] == [1.0, 0.75, 0.5, 0.25]
        assert list(run.history(keys=["acc"], pandas=False)) == [{"_step": n, "acc": n} for n in range(3)]
        assert [file.name for file in run.files()] == ["kept.txt"]
        found = [r.name for r in api.runs("lab/p", {"config.optim.lr": {"$gte": 0.2}})]
        assert found == ["two"], found
        assert [r.name for r in api.runs("p", {"$or": [{"state": "failed"}, {"display_name": "two"}]}, "-created_at")] \\
            == ["two", "one"]
        """
    )
    assert process.returncode == 0, process.stderr
    first, _ = records(folder)
    assert first.curve("loss") == [(0, 1.0), (1, 0.75), (2, 0.5), (3, 0.25)]


def test_unknown_calls_warn_once_and_return_none(launch: Launch) -> None:
    process = launch(
        """
        import wandb
        run = wandb.init(project="p")
        for _ in range(3):
            assert wandb.unheard_of(1, x=2) is None
            assert run.unheard_of_too() is None
        from wandb.integration.someone import Callback
        assert Callback(log="all") is not None
        """
    )
    assert process.returncode == 0, process.stderr
    warnings = [line for line in process.stderr.splitlines() if "not supported" in line]
    assert [line.split()[1] for line in warnings] == [
        "wandb.unheard_of",
        "wandb.Run.unheard_of_too",
        "wandb.integration.someone.Callback",
    ]


def test_odd_arguments_never_raise_into_the_training(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        run = wandb.init(project="p")
        run.log({"loss": 1.0}, step=5)
        run.log({"loss": 2.0}, step=float("nan"))
        run.log({"loss": 3.0}, step="abc")
        run.log_artifact(wandb.Artifact("empty", type="model"))
        """
    )
    assert process.returncode == 0, process.stderr
    assert "'empty'" in process.stderr and "is not a step" in process.stderr
    (record,) = records(folder)
    assert record.curve("loss") == [(5, 1.0), (5, 2.0), (5, 3.0)]


def test_a_disabled_run_writes_nothing(launch: Launch, folder: Path) -> None:
    text = """
        import numpy as np, wandb
        run = wandb.init(project="p", mode="disabled", config={"lr": 1})
        run.log({"a": 1, "image": wandb.Image(np.zeros((4, 4)))})
        run.tags = ["x"]
        assert run.config.lr == 1 and run.summary["a"] == 1
        wandb.finish()
    """
    assert launch(text).returncode == 0
    assert launch(text.replace('mode="disabled", ', ""), WANDB_MODE="disabled").returncode == 0
    assert list(folder.iterdir()) == []


def test_a_run_that_was_resumed_before_its_first_record_begins_at_step_0(
    launch: Launch, folder: Path
) -> None:
    process = launch(
        """
        import wandb
        wandb.init(project="p", id="mine", resume="allow").finish()
        for expected in range(2):
            run = wandb.init(project="p", id="mine", resume="must")
            assert (run.step, run.starting_step) == (expected, expected)
            run.log({"loss": 0.5})
            run.finish()
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.curve("loss") == [(0, 0.5), (1, 0.5)]


def test_a_resumed_run_keeps_its_summary(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        for part in ([5, 1, 3], [4, 2]):
            run = wandb.init(project="p", id="mine", resume="allow")
            run.define_metric("loss", summary="min,mean")
            if run.resumed:
                assert (run.summary["loss"], run.summary["note"], run.summary["acc"]) == (3, "kept", 0.5)
            for loss in part:
                run.log({"loss": loss})
            run.summary["note"] = "kept"
            run.log({"acc": 0.5})
            run.finish()
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert (run.summary["loss.min"], run.summary["loss.mean"], run.summary["note"]) == (1, 3, "kept")


def test_a_setting_is_changed_on_purpose_only(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        from wandb.sdk.lib.config_util import ConfigError
        run = wandb.init(project="p", config={"lr": 0.1, "sizes": (1, 2)})
        def refused(change):
            try:
                change()
            except ConfigError as error:
                assert "allow_val_change" in str(error)
            else:
                raise AssertionError
        refused(lambda: run.config.update({"lr": 0.2}))
        refused(lambda: setattr(run.config, "lr", 0.2))
        run.config.update({"lr": 0.1, "sizes": [1, 2], "new": 1})
        run.config.update({"new": 2}, allow_val_change=True)
        run.finish()
        wandb.init(project="p", config={"lr": 0.1}, allow_val_change=True).config.lr = 0.2
        """
    )
    assert process.returncode == 0, process.stderr
    first, second = records(folder)
    assert first.config == {"lr": 0.1, "sizes": [1, 2], "new": 2} and second.config == {"lr": 0.2}


def test_a_run_is_forked_and_rewound(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        with wandb.init(project="p", id="first", config={"lr": 0.1, "layers": 3}) as run:
            for n in range(5):
                run.log({"loss": 5 - n})
        with wandb.init(project="p", id="second", config={"lr": 0.2}, fork_from="first?_step=2") as run:
            assert run.summary["loss"] == 3 and run.step == 3 and run.config.layers == 3
            run.log({"loss": 30})
        with wandb.init(project="p", resume_from="lab/p/first?_step=1") as run:
            assert run.id == "first"
            run.log({"loss": 40})
        assert [row["loss"] for row in wandb.Api().run("p/first").scan_history(["loss"])] == [5, 4, 40]
        for wrong in ({"fork_from": "absent?_step=2"}, {"fork_from": "first"},
                      {"fork_from": "first?_step=1", "resume": "must"}):
            try:
                wandb.init(project="p", **wrong)
            except wandb.errors.UsageError:
                pass
            else:
                raise AssertionError(wrong)
        """
    )
    assert process.returncode == 0, process.stderr
    first, second, third = records(folder)
    assert first.curve("loss") == [(n, 5 - n) for n in range(5)]
    assert second.curve("loss") == [(0, 5), (1, 4), (2, 3), (3, 30)]
    assert second.config["lr"] == 0.2 and second.config["wandb.fork_from"] == "first?_step=2"
    assert third.curve("loss") == [(0, 5), (1, 4), (2, 40)]


def test_unknown_arguments_of_init_are_reported(launch: Launch) -> None:
    process = launch(
        """
        import wandb
        from wandb.sdk.data_types.base_types.wb_value import WBValue
        for _ in range(2):
            wandb.init(project="p", monitor_gym=True, experiment="typo").finish()
        assert isinstance(wandb.Table(["a"], [[1]]), WBValue) and not isinstance(1, WBValue)
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("the argument monitor_gym is not supported") == 1
    assert process.stderr.count("the argument experiment is not supported") == 1


def test_processes_of_a_shared_run_are_in_one_group(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import os, subprocess, sys, wandb
        worker = len(sys.argv) > 1
        settings = wandb.Settings(mode="shared", x_primary=not worker, x_label=f"rank_{int(worker)}",
                                  x_update_finish_state=not worker)
        run = wandb.init(project="p", id=sys.argv[1] if worker else None, settings=settings)
        run.log({"loss": 2 if worker else 1})
        if not worker:
            subprocess.run([sys.executable, "train.py", run.id], check=True, env={**os.environ, "RANK": "1"})
            assert wandb.Api().run(f"p/{run.id}").config == {}
            run.log({"loss": 0})
        """
    )
    assert process.returncode == 0, process.stderr
    primary, worker = records(folder)
    assert [run.curve("loss") for run in (primary, worker)] == [[(0, 1), (1, 0)], [(0, 2)]]
    assert primary.meta["group"] == worker.meta["group"] == primary.meta["id"]
    assert worker.config == {"wandb.label": "rank_1", "wandb.shared_with": primary.meta["id"]}
    assert "each process writes a run of its own" in process.stderr


def test_a_pickled_run_is_shared_with_a_spawned_process(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import copy, multiprocessing, pickle, wandb

        def work(run):
            run.config.c2 = 22
            assert run.config.c1 == 11 and run.project == "p" and run.id == "mine"
            run.log({"child": 21}, step=5)
            run.summary["best"] = {"top1": 0.5}

        if __name__ == "__main__":
            multiprocessing.set_start_method("spawn")
            run = wandb.init(project="p", name="one", id="mine", config={"c1": 11})
            run.log({"parent": 11})
            assert pickle.loads(pickle.dumps(run)) is copy.deepcopy(run) is run
            assert copy.deepcopy(run.config).c1 == pickle.loads(pickle.dumps(wandb.config))["c1"] == 11
            process = multiprocessing.Process(target=work, kwargs={"run": run})
            process.start()
            process.join()
            assert process.exitcode == 0
            run.log({"parent": 12})
            with open("run.pickle", "wb") as file:
                pickle.dump(run, file)
            run.finish()
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.curve("parent") == [(0, 11), (1, 12)] and run.curve("child") == [(5, 21)]
    assert (run.config["c1"], run.config["c2"], run.summary["best.top1"]) == (11, 22, 0.5)
    assert run.status["status"] == "finished"
    later = launch(
        """
        import pickle
        run = pickle.load(open("run.pickle", "rb"))
        run.log({"late": 1})
        run.finish()
        """
    )
    assert later.returncode == 0 and "has ended" in later.stderr
    assert records(folder)[0].curve("late") == []


def test_the_summary_nests(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        run = wandb.init(project="p")
        run.define_metric("loss", summary="min")
        run.define_metric("acc.*", summary="max,last")
        run.log({"acc": {"top1": 0.5, "top5": 0.75}, "loss": 3, "plain.name": 1})
        run.log({"acc": {"top1": 0.25}, "loss": 4})
        assert run.summary["loss"]["min"] == 3 and run.summary.loss["min"] == 3
        assert run.summary["acc"]["top1"] == {"max": 0.5, "last": 0.25} and run.summary["acc.top5"]["max"] == 0.75
        run.summary["deep"] = {"q": 1, "r": {"s": 2}}
        run.summary["deep"]["r"]["s"] = 3
        run.summary.update({"flat": 4})
        assert run.summary.get("absent") is None and "absent" not in run.summary
        assert sorted(run.summary) == ["acc", "deep", "flat", "loss", "plain.name"]
        assert {key: dict(value) for key, value in run.summary["deep"].items() if key == "r"} == {"r": {"s": 3}}
        run.finish()
        stored = wandb.Api().runs("p")[0].summary
        assert stored["deep"]["r"]["s"] == 3 and stored["deep.q"] == 1 and stored["loss.min"] == 3
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.summary == {
        "deep.q": 1,
        "deep.r.s": 3,
        "flat": 4,
        "loss.min": 3,
        "acc.top1.max": 0.5,
        "acc.top1": 0.25,
        "acc.top5.max": 0.75,
        "acc.top5": 0.75,
    }


def test_images_in_tables_are_stored_beside_them(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import numpy as np, trackio, wandb
        for library, options in ((wandb, {"name": "w"}), (trackio, {"name": "t"})):
            run = library.init(project="p", **options)
            picture, plain = library.Image(np.zeros((4, 4)), caption="black"), library.Image(np.ones((4, 4)))
            rows = [[1, picture, library.Histogram([1, 2])], [2, plain, None]]
            run.log({"seen": library.Table(columns=["id", "image", "extra"], data=rows)}, step=3)
            run.finish()
        """
    )
    assert process.returncode == 0, process.stderr
    for run in records(folder):
        captioned, plain = run.events("image")
        assert (captioned["key"], captioned["step"], captioned["caption"]) == ("seen/image", 3, "black")
        assert (run.path / plain["path"]).read_bytes().startswith(b"\x89PNG")
        (table,) = (json.loads((run.path / event["path"]).read_text()) for event in run.events("table"))
        assert table["rows"] == [[1, "black", "<Histogram>"], [2, Path(plain["path"]).name, None]]


def test_values_that_are_none_are_no_points(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import trackio, wandb
        for library, options in ((wandb, {"name": "w"}), (trackio, {"name": "t"})):
            run = library.init(project="p", **options)
            run.log({"x": None, "loss": 1, "deep": {"y": None, "z": 2}})
            run.log({"x": None})
            run.log({"x": None, "loss": 3})
            run.finish()
        """
    )
    assert process.returncode == 0, process.stderr
    for run in records(folder):
        assert run.metrics() == {"loss", "deep.z"} and run.curve("loss") == [(0, 1), (2, 3)]


def test_a_name_that_is_given_later_is_displayed(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        with wandb.init(project="p", name="lr=0.1/seed: 1", config={"lr": 0.1}):
            pass
        run = wandb.init(project="p", name="first")
        run.name = "second/b"
        assert run.name == "second/b"
        run.finish()
        assert sorted(run.name for run in wandb.Api().runs("p")) == ["lr=0.1/seed: 1", "second/b"]
        """
    )
    assert process.returncode == 0, process.stderr
    names = {(run.meta["name"], run.meta["display_name"]) for run in records(folder)}
    assert names == {("lr=0.1-seed: 1", "lr=0.1/seed: 1"), ("first", "second/b")}
    assert all("wandb.name" not in run.config for run in records(folder))


def test_the_cells_of_a_notebook_begin_runs_of_their_own(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        for number, name in enumerate(["one", "two"]):
            cell = f"import wandb; wandb.init(project='p', name={name!r}, config={{'lr': {number}}})"
            assert shell.run_cell(cell + f"; wandb.log({{'loss': {number}}})").success
        assert shell.run_cell("wandb.finish()").success
        """
    )
    assert process.returncode == 0, process.stderr
    runs = {run.meta["name"]: (run.config, run.curve("loss")) for run in records(folder)}
    assert runs == {"one": ({"lr": 0}, [(0, 0)]), "two": ({"lr": 1}, [(0, 1)])}


def test_a_run_is_begun_again_as_reinit_says(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import wandb
        first = wandb.init(project="p", name="first", config={"lr": 0.1})
        assert wandb.init(project="p", name="other", config={"lr": 0.2}) is first
        assert wandb.config.lr == 0.1
        beside = wandb.init(project="p", name="beside", settings=wandb.Settings(reinit="create_new"))
        assert wandb.run is first and beside is not first
        wandb.log({"loss": 1})
        beside.log({"loss": 2})
        wandb.setup(wandb.Settings(reinit="finish_previous"))
        last = wandb.init(project="p", name="last")
        assert wandb.run is last and last not in (first, beside)
        assert not first._run.is_open() and not beside._run.is_open()
        """
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("wandb.init returned the run that is active") == 1
    curves = {run.meta["name"]: run.curve("loss") for run in records(folder)}
    assert curves == {"first": [(0, 1)], "beside": [(0, 2)], "last": []}

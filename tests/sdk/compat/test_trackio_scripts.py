"""Scripts written for Trackio, unchanged, and what they leave in the store."""

from __future__ import annotations

import json
from pathlib import Path

from tests.records import records
from tests.sdk.compat.conftest import Launch


def test_a_training_script_is_recorded(launch: Launch, folder: Path) -> None:
    process = launch(
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
        assert trackio.freeze("space") is None and trackio.unheard_of() is None
        trackio.finish()
        again = trackio.init(project="my project", name="one", resume="allow")
        assert again.id == run.id
        again.log({"loss": 0.25})
        """
    )
    assert process.returncode == 0, process.stderr
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
    assert [line for line in process.stderr.splitlines() if "not supported" in line] == [
        "runicorn: trackio.unheard_of is not supported and does nothing."
    ]


def test_a_run_resumed_after_its_first_record_continues_at_the_next_step(
    launch: Launch, folder: Path
) -> None:
    process = launch(
        """
        import trackio
        for _ in range(3):
            trackio.init(project="p", name="one", resume="allow")
            trackio.log({"loss": 0.5})
            trackio.finish()
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    assert run.curve("loss") == [(0, 0.5), (1, 0.5), (2, 0.5)]


def test_files_are_saved_with_and_without_a_run(launch: Launch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "models" / "deep").mkdir(parents=True)
    for name in ("a.pth", "deep/b.pth"):
        (tmp_path / "models" / name).write_text(name)
    process = launch(
        """
        import trackio
        for project, error in ((None, RuntimeError), ("p", ValueError)):
            try:
                trackio.save("absent.txt", project)
            except error:
                continue
            raise AssertionError
        assert isinstance(trackio.save("models/a.pth", project="p"), str)
        trackio.init(project="p", name="one")
        path = trackio.save(glob_str="models/**/*.pth", project="p")
        assert open(path + "/models/deep/b.pth").read() == "deep/b.pth"
        """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    paths = sorted(path.relative_to(run.path).as_posix() for path in (run.path / "files").rglob("*.pth"))
    assert paths == ["files/models/a.pth", "files/models/deep/b.pth"]
    assert (folder / "artifacts" / "custom" / "p-files" / "v1" / "files" / "models" / "a.pth").is_file()


def test_artifacts_have_a_manifest_of_dicts(launch: Launch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"weights")
    process = launch(
        """
        import hashlib, trackio
        run = trackio.init(project="p", name="one")
        artifact = trackio.Artifact("net", "model")
        artifact.add_file("w.bin", "deep/w.bin")
        artifact.add_reference("s3://bucket/data.csv")
        assert artifact.manifest is None and artifact.digest is None
        logged = trackio.log_artifact(artifact)
        for version in (logged, trackio.use_artifact("net:latest"), trackio.Api().artifact("net:v0")):
            file, reference = version.manifest
            assert file == {"path": "deep/w.bin", "size": 7, "digest": hashlib.sha256(b"weights").hexdigest()}
            assert (reference["path"], reference["ref"]) == ("data.csv", "s3://bucket/data.csv")
            assert version.digest == version.manifest_digest == logged.digest
        assert isinstance(trackio.log_artifact("w.bin", name="other", type="model").manifest, list)
        """
    )
    assert process.returncode == 0, process.stderr


def test_messages_name_trackio(launch: Launch, tmp_path: Path) -> None:
    process = launch(
        """
        import trackio
        run = trackio.init(project="p", name="one")
        trackio.Api().create_registry("models")
        list(trackio.Api().runs("p"))[0].rename("two")
        trackio.Table(columns=["a"]).to_data_array()
        artifact = trackio.Artifact("net", "model")
        artifact.get_entry_uri("w.bin")
        for value in (trackio.Settings().unheard, trackio.Image("absent.png")):
            run.log({"image": value} if value else {})
        """
    )
    assert process.returncode == 0, process.stderr
    names = [line.split()[1] for line in process.stderr.splitlines() if "is not supported" in line]
    assert names == [
        *("trackio.Api.create_registry", "trackio.api.Run.rename", "trackio.Table.to_data_array"),
        "trackio.Artifact.get_entry_uri",
    ]
    assert "wandb" not in process.stderr


def test_an_open_run_of_another_tracker_is_not_resumed(launch: Launch, folder: Path) -> None:
    process = launch(
        """
        import trackio, wandb
        theirs = wandb.init(project="a", name="w")
        theirs.log({"loss": 1})
        ours = trackio.init(project="a", name="w", resume="allow")
        ours.log({"loss": 2})
        again = trackio.init(project="a", name="w", resume="must")
        assert again.id == ours.id
        try:
            trackio.init(project="a", name="other", resume="must")
        except ValueError:
            pass
        else:
            raise AssertionError
        """
    )
    assert process.returncode == 0, process.stderr
    first, second = records(folder)
    assert (first.curve("loss"), second.curve("loss")) == ([(0, 1)], [(0, 2)])

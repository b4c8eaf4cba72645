from __future__ import annotations

import csv
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.documents.store import RUN, SECOND, THIRD
from tests.tools.cli.conftest import Call


def test_a_store_goes_through_a_file(call: Call, root: Path, tmp_path: Path) -> None:
    code, output = call("export", "--output", "all.zip", "--include-artifacts")
    assert code == 0 and "3 runs and 3 artifact versions" in output
    new = tmp_path / "not there" / "new"
    code, output = call("import", "all.zip", "--dry-run", storage=new)
    assert code == 0 and "Would import" in output and not new.parent.exists()
    new.mkdir(parents=True)
    assert call("import", "all.zip", "--dry-run", storage=new)[0] == 0 and not list(new.iterdir())
    code, output = call("import", "all.zip", "--json", storage=new)
    answer = json.loads(output)
    assert code == 0 and sorted(answer["new_run_ids"]) == sorted([RUN, SECOND, THIRD])
    assert answer["new_artifacts"] == ["dataset/cifar10:v1", "model/resnet:v1", "model/resnet:v2"]
    code, output = call("import", "all.zip", "--merge", storage=new)
    assert code == 0 and output.count("it already exists in the store") == 6 and "Imported 0 files" in output
    code, output = call("import", "--archive", "all.zip", "--overwrite", storage=new)
    assert code == 0 and output.count("replaced") == 3


def test_the_file_name_selects_the_old_archive_format(call: Call, root: Path) -> None:
    assert call("export", "--out", "runs.tar.gz", "--project", "vision")[0] == 0
    with tarfile.open("runs.tar.gz") as archive:
        names = archive.getnames()
    assert Path("runs.tar.gz").read_bytes()[3:4] == b"\0"  # no name of a file is noted in it
    assert f"vision/resnet/runs/{RUN}/events.jsonl" in names and not any(n.startswith("nlp") for n in names)


def test_filters_choose_the_runs(call: Call, root: Path) -> None:
    call("manage", "--action", "delete", "--run-id", THIRD, "--force")
    for options, runs in (
        (("--run-id", RUN, "--run-id", SECOND), {RUN, SECOND}),
        (("--status", "failed"), {SECOND}),
        (("--state", "failed"), {SECOND}),
        (("--tag", "baseline"), {RUN, SECOND}),
        (("--tag", "baseline", "--tag", "broken"), {SECOND}),
        (("--name", "bert", "--include-deleted"), {THIRD}),
        (("--run-id", THIRD), {THIRD}),
        (("--where", "config.lr < 0.05 and metric.val_acc.best > 0.2"), {SECOND}),
        (("--where", "metric.loss.min < 0.01 or tags contains broken", "--project", "vision"), {RUN, SECOND}),
        (("--where", "config.optim.name = sgd and not status = failed"), {RUN}),
        ((), {RUN, SECOND}),
    ):
        code, output = call("export", "--output", "some.zip", "--json", *options)
        assert code == 0 and set(json.loads(output[output.index("{") :])["runs"]) == runs, options
        with zipfile.ZipFile("some.zip") as archive:
            packed = {name.split("/")[3] for name in archive.namelist() if name.count("/") > 3}
        assert {name for name in packed if name[:2] == "20"} == runs
    code, output = call("export", "--project", "nothing")
    assert code == 0 and output == "No runs matched the given filters. Nothing to export.\n"


def test_a_journal_that_cannot_be_read_hides_no_other_run(call: Call, root: Path, tmp_path: Path) -> None:
    (journal,) = root.glob(f"*/*/runs/{RUN}/events.jsonl")
    journal.rename(tmp_path / "elsewhere.jsonl")
    journal.symlink_to(tmp_path / "elsewhere.jsonl")
    code, output = call("manage", "--action", "search", "--where", "metric.loss.min < 100")
    assert code == 0 and SECOND in output
    assert [line for line in output.splitlines() if line.startswith("runicorn: ") and RUN in line]


def test_other_programs_read_the_metrics(call: Call, root: Path) -> None:
    import pandas

    code, output = call("export", "--format", "csv", "--output", "tables")
    assert code == 0 and "creating the folder tables" in output
    assert "creating the folder" not in call("export", "--format", "csv", "--output", "tables")[1]
    assert {path.name for path in Path("tables").iterdir()} == {
        f"{i}_metrics.csv" for i in (RUN, SECOND, THIRD)
    }
    selection = ("--run-id", RUN)
    assert call("export", *selection, "--format", "parquet")[0] == 0
    table = pandas.read_parquet(f"{RUN}_metrics.parquet")
    assert list(table.columns) == ["global_step", "time", "loss", "val_acc"] and len(table) == 300
    assert table["global_step"].dtype == "int64" and table["loss"].iloc[-1] == 1 / 300
    assert call("export", *selection, "--format", "json", "-o", "run.json")[0] == 0
    document = json.loads(Path("run.json").read_text())
    assert (
        document["config"]["lr"] == 0.1
        and len(document["metrics"]) == 300
        and document["logs"].startswith("epoch 1 ")
    )
    assert [entry["path"] for entry in document["media"]] == ["media/samples.png"]
    assert call("export", *selection, "--format", "tensorboard", "-o", "board")[0] == 0
    assert list(Path("board").glob(f"{RUN}/events.out.tfevents.*"))
    assert call("export", *selection, "--format", "excel", "-o", "run.xlsx")[0] == 0
    assert zipfile.is_zipfile("run.xlsx")


def test_data_of_a_run_goes_to_stdout_or_a_file(call: Call, root: Path) -> None:
    code, output = call("export-data", "--run-id", RUN)
    rows = list(csv.reader(line for line in output.splitlines() if not line.startswith("#")))
    assert code == 0 and rows[0] == ["global_step", "time", "loss", "val_acc"] and len(rows) == 301
    for kind, name in (
        ("markdown", f"{RUN}_report.md"),
        ("html", f"{RUN}_report.html"),
        ("excel", f"{RUN}_metrics.xlsx"),
    ):
        assert call("export-data", "--run-id", RUN, "--format", kind)[0] == 0
        assert Path(name).stat().st_size > 500
    assert call("export-data", "--run-id", RUN, "--output", "m.csv")[0] == 0
    assert Path("m.csv").read_text().startswith("# Runicorn Export")


def test_errors_have_a_message_and_an_exit_code(call: Call, subtests: pytest.Subtests) -> None:
    Path("text.zip").write_text("no archive at all")
    for words, code, sentence in [
        ("import nowhere.zip", 4, "Archive not found: nowhere.zip"),
        ("import", 2, "Specify an archive"),
        ("import a.zip --merge --overwrite", 2, "exclude each other"),
        ("import text.zip", 1, "Nothing was imported. The archive is damaged"),
        ("export --run-id 20200101_000000_nobody", 1, "Run not found: 20200101_000000_nobody"),
        ("export --format sqlite", 2, "sqlite"),
        ("export --where config.lr<", 2, "where: expected a value at position 11"),
        ("manage --action search --where nokey=1", 2, "where: unknown field 'nokey' at position 1"),
        ("manage --action delete --run-id x --where status=failed", 2, "for search and cleanup"),
        ("export --output /proc/none/x.zip", 4, "No such file or directory"),
        ("export --format csv --output text.zip", 2, "is not a folder"),
        ("export-data --run-id nope", 1, "Run not found: nope"),
        ("export-data", 2, "--run-id"),
        ("export-data --run-id x --format pdf", 2, "pdf"),
    ]:
        with subtests.test(words=words, code=code, sentence=sentence):
            exit_code, output = call(*words.split())
            assert (exit_code, sentence in output) == (code, True), output


def test_a_missing_store_is_reported_as_unavailable(call: Call, tmp_path: Path) -> None:
    for words in ("export", "export-data --run-id x", "manage --action search"):
        code, output = call(*words.split(), storage=tmp_path / "nowhere")
        assert code == 4 and "There is no storage root" in output


def test_a_file_that_cannot_be_written_is_named(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "runs.zip"
    code, text = call("export", "--output", str(path))
    assert (code, text.strip()) == (4, f"runicorn: {path}: No such file or directory")

"""The store that the examples of the documents use."""

from __future__ import annotations

from pathlib import Path

from runicorn.artifacts import Artifact, curation, records
from runicorn.artifacts.store import Store
from tests.folders import write_run

BEGIN = 1768404645.0
RUN = "20260114_153045_a1b2c3"
"""vision/resnet, finished, with everything a run can have."""
SECOND = "20260114_160210_d4e5f6"
"""vision/resnet, failed."""
THIRD = "20260115_091500_0a1b2c"
"""nlp/bert, finished."""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def write_store(root: Path) -> None:
    """Write it."""
    for number, (run_id, project, name, status) in enumerate(
        (
            (RUN, "vision", "resnet", "finished"),
            (SECOND, "vision", "resnet", "failed"),
            (THIRD, "nlp", "bert", "finished"),
        )
    ):
        steps = [{"loss": 1 / step + number / 10, "val_acc": step / 1000} for step in range(1, 301)]
        write_run(
            root,
            project,
            name,
            run_id=run_id,
            created_at=BEGIN + 3600 * number,
            status=status,
            metrics=steps,
            config={"lr": 0.1 / 10**number, "total_steps": 300, "optim": {"name": "sgd"}},
            summary={"best_metric_name": "val_acc", "best_metric_value": 0.3, "best_metric_step": 300},
            tags=["baseline"] if number != 1 else ["baseline", "broken"],
            logs="".join(f"epoch {epoch} loss {1 / epoch:.3f}\n" for epoch in range(1, 51)),
        )
    folder = root / "vision" / "resnet" / "runs" / RUN
    _write_artifacts(root, folder)
    (folder / "media" / "samples.png").write_bytes(PIXEL)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as journal:
        journal.write(
            '{"ts": 1768404999.0, "type": "image", "data": '
            '{"key": "samples", "path": "media/samples.png", "step": 300, "caption": "after training"}}\n'
        )
    (folder / "environment.json").write_text('{"python_version": "3.11.9"}', encoding="utf-8")


def _write_artifacts(root: Path, folder: Path) -> None:
    """cifar10, which the run used, and two versions of resnet, which it made."""
    store, source = Store(root), folder / "media" / "source"
    source.write_bytes(b"airplane,automobile\n")
    dataset = Artifact("cifar10", "dataset").add_file(source, "train.csv").log_to(store, THIRD)
    creator = root / "nlp" / "bert" / "runs" / THIRD
    records.record_created(creator, dataset)
    (creator / ".artifacts.lock").unlink()  # which an archive does not carry
    records.record_used(folder, dataset)
    for number in (1, 2):
        source.write_bytes(b"%d" % number * 4096)
        artifact = Artifact("resnet", metadata={"val_acc": 0.3}, description="first try").add_tags("baseline")
        artifact.add_file(source, "weights.pt").add_reference("s3://bucket/train.tar", size=5)
        records.record_created(folder, artifact.log_to(store, RUN))
    source.unlink()
    curation.set_alias(store.find("resnet"), "best", 1)

"""An import, even with --overwrite, takes no file away that is not the run's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn_tools.archives.read import NO_RUN, SHARED, Outcome, import_archive
from tests.documents.store import RUN, SECOND
from tests.tools.exchange.packing import zipped

PLACE = f"vision/resnet/runs/{RUN}"
INNER = "20240102_000000_abc123"
Pack = Callable[..., Path]


def import_into(root: Path, archive: Path) -> Outcome:
    """The outcome of importing an archive over what is there."""
    with archive.open("rb") as file:
        return import_archive(root, file, overwrite=True)


@pytest.mark.parametrize("foreign", [f"scratch/runs/{INNER}/meta.json", "weights.pt"])
def test_a_run_is_not_overwritten_where_its_folder_holds_something_else(
    full: Path, tmp_path: Path, pack: Pack, foreign: str
) -> None:
    archive = pack(full)
    theirs = full / PLACE / foreign
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text(json.dumps({"id": INNER}))
    if "/" not in foreign:
        (full / PLACE / "meta.json").unlink()
    outcome = import_into(full, archive)
    assert outcome.left[PLACE] == SHARED and PLACE not in outcome.replaced
    assert theirs.exists() and len(outcome.replaced) == 2


def test_a_run_whose_meta_is_torn_is_overwritten(full: Path, pack: Pack) -> None:
    archive, place = pack(full), f"vision/resnet/runs/{SECOND}"
    (full / place / "meta.json").write_text("{")
    assert place in import_into(full, archive).replaced
    assert json.loads((full / place / "meta.json").read_text())["id"] == SECOND


def test_a_folder_of_another_program_is_not_replaced(full: Path, tmp_path: Path, pack: Pack) -> None:
    archive, root = pack(full), tmp_path / "other"
    theirs = root / PLACE / "weights.pt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("months of work")
    outcome = import_into(root, archive)
    assert outcome.left[PLACE] == SHARED and len(outcome.runs) == 2
    assert theirs.read_text() == "months of work"


def test_a_folder_that_is_no_run_is_not_imported(tmp_path: Path) -> None:
    archive = tmp_path / "x.zip"
    archive.write_bytes(
        zipped({"runs/exp2/events.out.tfevents.1": b"x", f"runs/a/b/{INNER}/meta.json": b"{}"})
    )
    (tmp_path / "root").mkdir()
    outcome = import_into(tmp_path / "root", archive)
    assert outcome.left == {"runs/exp2": NO_RUN} and outcome.runs == [f"runs/a/b/{INNER}"]
    assert not (tmp_path / "root" / "runs" / "exp2").exists()

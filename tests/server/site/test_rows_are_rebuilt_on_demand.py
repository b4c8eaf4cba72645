from __future__ import annotations

import errno
import os
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from runs.models import Run


def reindex(folder: Path, *options: str) -> str:
    """Run the command and return what it said."""
    output = StringIO()
    call_command("reindex", "--storage", str(folder), *options, stdout=output)
    return output.getvalue()


@pytest.mark.django_db(transaction=True)
def test_every_row_comes_back_and_what_is_wrong_is_gone(
    folder: Path, home: Path, make_run: Callable[..., str]
) -> None:
    runs = {make_run(folder, metrics=[{"loss": 1.0}], summary={"best": 1}) for _ in range(3)}
    assert reindex(folder) == f"3 runs and 0 artifacts in {folder}\n"
    Run.objects.update(project="wrong", summary={})
    assert reindex(folder) == f"3 runs and 0 artifacts in {folder}\n"
    assert {run.run_id for run in Run.objects.all()} == runs
    assert {run.project for run in Run.objects.all()} == {"vision"}
    assert {str(run.summary) for run in Run.objects.all()} == {"{'best': 1}"}
    assert {run.metric_rows.get().last for run in Run.objects.all()} == {1.0}


@pytest.mark.django_db(transaction=True)
def test_an_unreadable_journal_is_reported(
    folder: Path, home: Path, make_run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (make_run(folder, metrics=[{"loss": 1.0}]) for _ in range(2))
    journal = next(folder.glob(f"*/*/runs/{bad}/events.jsonl")).stat()
    real, stderr = os.pread, StringIO()

    def pread(fd: int, count: int, at: int) -> bytes:
        if os.fstat(fd).st_ino == journal.st_ino:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, count, at)

    monkeypatch.setattr(os, "pread", pread)
    call_command("reindex", "--storage", str(folder), stdout=StringIO(), stderr=stderr)
    notice = f"{journal.st_size} bytes of its journal are still to be taken in"
    assert bad in stderr.getvalue() and notice in stderr.getvalue() and good not in stderr.getvalue()
    assert Run.objects.get(run_id=good).metric_rows.get().last == 1.0


@pytest.mark.django_db(transaction=True)
def test_a_missing_folder_is_reported(tmp_path: Path, home: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        reindex(tmp_path / "nowhere")

"""Where there is no room for all of an archive nothing of it stays, and an export that does not fit leaves no file."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runicorn_tools.archives.read import import_archive
from runicorn_tools.cli import app
from tests.sdk.tracking.limited_disks import closed_folder, small_disk
from tests.tools.exchange.packing import RUN, good, snapshot, zipped

LARGE = {**good(), f"{RUN}/model.bin": os.urandom(600_000)}


def test_an_import_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "store") as root:
        with pytest.raises(OSError, match="No space left"):
            import_archive(root, io.BytesIO(zipped(LARGE)))
        assert snapshot(root) == {} and not list((root / ".runicorn").glob("import-*"))
        assert import_archive(root, io.BytesIO(zipped(good()))).runs == [RUN]


def test_an_export_that_does_not_fit_leaves_the_old_file(folder: Path, tmp_path: Path) -> None:
    import_archive(folder, io.BytesIO(zipped(LARGE)))
    with small_disk(tmp_path / "small") as small:
        (small / "out.zip").write_text("an older one")
        words = ["export", "--storage", str(folder), "--output", str(small / "out.zip")]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 1 and "No space left" in result.output
        assert [path.name for path in small.iterdir()] == ["out.zip"]
        assert (small / "out.zip").read_text() == "an older one"


def test_an_unwritable_store_accepts_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(good()))
    with closed_folder(tmp_path / "store") as root:
        result = CliRunner().invoke(app, ["import", str(tmp_path / "a.zip"), "--storage", str(root)])
        assert result.exit_code == 3 and list(root.iterdir()) == []

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT, Viewer, environment


def test_modules_of_the_user_are_not_taken_for_ours(folder: Path, home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    for name in ("metrics.py", "settings.py"):
        (home / name).write_text("raise RuntimeError('not yours')")
    for name in ("runs", "artifacts", "runicorn_site", "remote"):
        (home / name).mkdir()
        (home / name / "__init__.py").write_text("raise RuntimeError('not yours')")
    viewer = Viewer(folder, home, DJANGO_SETTINGS_MODULE="theirs.settings", DATABASE_URL="mysql://theirs")
    try:
        assert viewer.wait_until_it_answers().get("/openapi.json").status_code == 200
    finally:
        viewer.stop()
    assert "not yours" not in viewer.output


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="This system does not show what a process has loaded"
)
def test_no_unused_database_driver_is_loaded(viewer: Viewer) -> None:
    assert viewer.get("/api/runs").status_code == viewer.get("/docs").status_code == 200
    loaded = Path(f"/proc/{viewer.process.pid}/maps").read_text()
    assert "/orjson" in loaded
    assert "/psycopg" not in loaded and "/charset_normalizer" not in loaded


def test_the_viewer_refuses_to_start_if_another_runs_package_is_imported(
    folder: Path, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "runs.py").write_text("")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import runs;"
        f"sys.path.insert(0, {str(PROJECT)!r});"
        f"sys.argv = ['runicorn', 'viewer', '--storage', {str(folder)!r}, '--port', '0'];"
        "from runicorn_tools.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment(home), capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 2
    assert "which is not part of Runicorn" in ended.stderr

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.documents.blocks import PROJECT

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|link rel="(?:stylesheet|icon|preconnect)")[^>]* (?:src|href)="([^"]*)\""""
)


def test_the_site_builds_without_warnings_and_has_the_generated_reference(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    pages = {
        name: (tmp_path / "reference" / f"{name}.html").read_text()
        for name in ("sdk", "client", "commands", "rest")
    }
    assert "upload_timeout" in pages["sdk"] and "list_experiments" in pages["client"]
    assert (
        "runicorn import-from" in pages["commands"] and "/api/v2/experiments/{run_id}/series" in pages["rest"]
    )
    loaded = {url for page in tmp_path.rglob("*.html") for url in LOADED.findall(page.read_text())}
    assert loaded and not [url for url in loaded if "//" in url]

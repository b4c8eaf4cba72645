"""The package called `runicorn` on PyPI is another program: no text of ours may send anybody there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TEXTS = {".py", ".md", ".html", ".js", ".toml"}


def test_no_text_says_to_install_runicorn_from_the_index() -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False)
    tracked = [PROJECT / name for name in listing.stdout.split()] or list(PROJECT.glob("*.md"))
    paths = [path for path in tracked if path.suffix in TEXTS and path.exists() and path != Path(__file__)]
    advice = re.compile(r"pip install (?:-U |--upgrade )?[\"']?runicorn\b")
    assert not [path.name for path in paths if advice.search(path.read_text(encoding="utf-8"))]

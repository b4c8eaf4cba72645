"""`llms.txt` names every guide, and the skill file repeats what the guides say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT


@pytest.fixture(scope="module")
def site_texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "docs/site/agents.py", str(folder)], cwd=PROJECT, check=True)
    return folder


def test_every_guide_is_listed_with_a_sentence(site_texts: Path) -> None:
    lines = (site_texts / "llms.txt").read_text().splitlines()
    assert lines[0] == "# Runicorn" and lines[2].startswith("> ")
    entries = {match[1]: match[2] for line in lines if (match := re.match(r"- \[.+?\]\((.+?)\): (.+)", line))}
    guides = {f"guides/{path.name}" for path in (PROJECT / "docs" / "guides").glob("*.md")}
    assert guides <= set(entries), guides - set(entries)
    assert all(len(sentence) > 10 and "](" not in sentence for sentence in entries.values()), entries
    assert all((site_texts / page).read_text() for page in entries)


def test_the_skill_repeats_the_guides_and_its_links_lead_somewhere(site_texts: Path) -> None:
    text = (site_texts / "SKILL.md").read_text()
    head, _, body = text.removeprefix("---\n").partition("---\n")
    assert head.startswith("name: runicorn\ndescription: ") and len(head) < 1024
    assert "runicorn ls --project vision" in body and "rn.init(" in body and "| 3 | not permitted |" in body
    links = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", body)
    assert links and all((site_texts / link).is_file() for link in links if link.endswith(".md")), links

"""Code blocks of documents in order, with the directives of comments above them.

<!-- not run: it needs a second machine -->     the block is not run, and that is why
<!-- answers: 404 -->                           curl is answered with that status
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
# The commands of the backup guide are run by tests/tools/maintenance/test_a_backup_is_restored.py.
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", PROJECT / "SECURITY.md"]
PAGES += [
    page for page in sorted(DOCS.rglob("*.md")) if page.parent.name != "zh" and page.name != "backup.md"
]
RUN = {"bash": "bash", "sh": "bash", "python": "python", "javascript": "javascript"}
READ = {"json", "yaml", "text", "http", "mermaid", "markdown"}
LIVE = {"chart", "table", "pivot", "samples", "difference", "runs"}
"""Blocks of documents of a project, which pages show live."""
_BLOCK = re.compile(
    r"(?:<!--\s*(?P<mark>[^>]*?)\s*-->\s*\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    code: str
    mark: str

    @property
    def reason(self) -> str | None:
        """Why it is not run; `None` when it is."""
        name, _, text = self.mark.partition(":")
        return text.strip() if name == "not run" else None

    @property
    def answers(self) -> str | None:
        """The status with which its last request is answered, when that is no success."""
        name, _, text = self.mark.partition(":")
        return text.strip() if name == "answers" else None

    def __str__(self) -> str:
        """Where it is."""
        return f"{self.page.relative_to(PROJECT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("language")) + 1
        yield Block(page, line, match["language"], match["code"], match["mark"] or "")


def programs(page: Path, *languages: str) -> list[Block]:
    """The blocks of these languages that are run."""
    return [b for b in blocks(page) if RUN.get(b.language) in languages and b.reason is None]

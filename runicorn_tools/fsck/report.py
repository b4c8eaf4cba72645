"""Findings of a check, and their form in JSON."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.message import Message
from runicorn.store import file_checksums, layout

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem in a store.

    Attributes:
        severity: `error` for missing or damaged data, otherwise `warning`.
        kind: identifier, such as `journal-truncated`.
        path: the file or folder, relative to the storage root.
        is_repaired: whether `--repair` has removed or rewritten it.
    """

    severity: str
    kind: str
    path: str
    message: str
    is_repaired: bool = False


@dataclass
class Report:
    """Result of a check.

    Attributes:
        runs, records, media, versions, files: number of each that was checked; files are those of versions.
        findings: in the order of the store.
    """

    runs: int = 0
    records: int = 0
    media: int = 0
    versions: int = 0
    files: int = 0
    findings: list[Finding] = field(default_factory=list)

    def error(self, kind: str, path: str, message: str, **values: object) -> None:
        """Add a finding about missing or damaged data."""
        self.findings.append(Finding(ERROR, kind, path, Message(message, **values)))

    def warn(self, kind: str, path: str, message: str, **values: object) -> None:
        """Add a finding without loss of data."""
        self.findings.append(Finding(WARNING, kind, path, Message(message, **values)))

    def check_json(self, path: Path, place: str, ceiling: int = layout.JSON_CEILING) -> dict[str, Any]:
        """Return the object in a small file, after adding a finding if it is unreadable or altered."""
        value, problem = layout.read_json(path, ceiling=ceiling)
        if problem:
            self.error("unreadable", place, problem)
            return {}
        with suppress(OSError):  # it may have been removed meanwhile
            content = _platform.read_regular(path, ceiling, follow_links=False)
            if file_checksums.is_intact(content) is False:
                self.error("altered", place, "{name} does not match its checksum.", name=path.name)
        return value

    @property
    def errors(self) -> int:
        """Return the number of errors that were not repaired."""
        return sum(finding.severity == ERROR and not finding.is_repaired for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Return the number of warnings that were not repaired."""
        return sum(finding.severity == WARNING and not finding.is_repaired for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `runicorn fsck --json` prints."""
        return {"ok": not self.errors, "errors": self.errors, "warnings": self.warnings, **asdict(self)}

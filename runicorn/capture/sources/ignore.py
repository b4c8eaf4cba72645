"""Ignore rules in the syntax of gitignore(5), for `.runicornignore`, and for `.gitignore` where git is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from runicorn import _platform

FILE = ".runicornignore"
CEILING = 256 * 1024


class Ignore:
    """Rules of one file, which apply to paths below its folder.

    The last matching rule decides; a rule that begins with `!` includes a path again.
    """

    def __init__(self, lines: Iterable[str], base: str = "") -> None:
        self.base = f"{base}/" if base else ""
        rules = [_rule(line) for line in lines]
        self._rules = [rule for rule in rules if rule is not None]

    @classmethod
    def of(cls, path: Path, base: str = "") -> Ignore | None:
        """Return the rules of a file; None if it is missing, unreadable or empty."""
        try:
            content = _platform.read_regular(path, CEILING, follow_links=True)
        except OSError:
            return None
        rules = cls(content.decode("utf-8", "replace").splitlines(), base)
        return rules if rules._rules else None

    def decides(self, path: str, is_folder: bool) -> bool | None:
        """Return whether a path relative to the root is ignored; None if no rule matches it."""
        if not path.startswith(self.base):
            return None
        relative, decision = path[len(self.base) :], None
        for pattern, is_negated, only_folders in self._rules:
            if (is_folder or not only_folders) and pattern.fullmatch(relative):
                decision = not is_negated
        return decision


def is_ignored(rules: Iterable[Ignore], path: str, is_folder: bool = False) -> bool:
    """Return whether a path is ignored by rules of outer to inner folders; that of its parents is not checked."""
    ignored = False
    for rule in rules:
        decision = rule.decides(path, is_folder)
        if decision is not None:
            ignored = decision
    return ignored


def is_below_ignored(rules: Iterable[Ignore], path: str) -> bool:
    """Return whether a file or one of its parent folders is ignored."""
    rules, parts = list(rules), path.split("/")
    parents = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return bool(rules) and (any(is_ignored(rules, p, True) for p in parents) or is_ignored(rules, path))


def _rule(line: str) -> tuple[re.Pattern[str], bool, bool] | None:
    text = line if line.endswith("\\ ") else line.rstrip()
    if not text or text.startswith("#"):
        return None
    is_negated = text.startswith("!")
    text = text[1:] if is_negated else text.removeprefix("\\") if text[:2] in ("\\#", "\\!") else text
    only_folders, text = text.endswith("/"), text.rstrip("/")
    if not text:
        return None
    is_anchored, text = "/" in text, text.lstrip("/")
    try:
        return re.compile(("" if is_anchored else "(?:.*/)?") + _translated(text)), is_negated, only_folders
    except re.error:  # a malformed class, which git matches with nothing
        return None


def _translated(pattern: str) -> str:
    result, position = "", 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest.startswith("**/"):
            result, position = f"{result}(?:.*/)?", position + 3
        elif rest.startswith("**"):
            result, position = f"{result}.*", position + 2
        elif rest[0] == "*":
            result, position = f"{result}[^/]*", position + 1
        elif rest[0] == "?":
            result, position = f"{result}[^/]", position + 1
        elif rest[0] == "[":
            if (end := rest.find("]", 2)) < 0:
                raise re.error("unterminated class")
            inner = rest[1:end].replace("\\", "\\\\")
            inner = f"^{inner[1:]}" if inner[0] in "!^" else inner
            result, position = f"{result}[{inner}]", position + end + 1
        else:
            skipped = rest[0] == "\\" and len(rest) > 1
            result, position = result + re.escape(rest[skipped]), position + 1 + skipped
    return result

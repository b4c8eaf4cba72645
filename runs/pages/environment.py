"""Environment of a run for its page: code, command, machine, Python, packages.

`environment.json` may come from any version of the SDK or from another program; values of an unexpected type and unknown
keys are shown unchanged under "Other".
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from runicorn.capture.redaction import Masking
from runicorn.json_value import JsonObject, JsonValue
from runs.pages.key_values import Pair, leaves
from runs.store.json_fields import timestamp

KIB = 1024
PARTS = {
    "python_version": gettext_noop("Python version"),
    "platform": gettext_noop("system"),
    "platform_details": gettext_noop("system"),
    "command_line": gettext_noop("command line"),
    "working_dir": gettext_noop("folder"),
    "env_variables": gettext_noop("environment variables"),
    "cpu_info": gettext_noop("CPU"),
    "git_info": "git",
    "pip_packages": gettext_noop("packages"),
    "conda_env": gettext_noop("conda environment"),
    "conda_packages": gettext_noop("conda packages"),
    "conda_channels": gettext_noop("conda channels"),
    "gpu_info": gettext_noop("GPUs"),
}
GIT = ("commit", "branch", "has_changes", "changed_files_count", "remote", "diff", "diff_truncated")


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; `separator` joins key and value in copied text."""

    title: str
    lines: list[Pair]
    separator: str = ": "
    counted: bool = False


@dataclass(slots=True)
class RunEnvironment:
    value: JsonObject
    _section_keys: set[str] = field(default_factory=lambda: {"captured_at", "incomplete"})

    @property
    def missing(self) -> str:
        """Sentence about what was not captured; "" if everything was."""
        incomplete = self.value.get("incomplete")
        names = (
            [_(PARTS[name]) if name in PARTS else name for name in incomplete if isinstance(name, str)]
            if isinstance(incomplete, list)
            else []
        )
        unique = list(dict.fromkeys(names))
        if not unique:
            return ""
        return _("Incomplete: not recorded in time: %(parts)s.") % {"parts": ", ".join(unique)}

    @property
    def captured(self) -> float | None:
        """Time of the capture in Unix seconds."""
        return timestamp(self.value.get("captured_at"))

    @property
    def git(self) -> JsonObject:
        return self._mapping("git_info")

    @property
    def remote(self) -> str:
        """URL of the repository, without credentials."""
        url = self.git.get("remote")
        return Masking({}).address(url) if isinstance(url, str) else ""

    @property
    def remote_link(self) -> str:
        """The same URL if a browser can open it, else ""."""
        try:
            parts = urlsplit(self.remote)
        except ValueError:
            return ""
        return self.remote if parts.scheme in ("http", "https") and parts.hostname else ""

    @property
    def diff(self) -> str:
        """Uncommitted changes as a diff; "" if unknown."""
        patch = self.git.get("diff")
        return patch if isinstance(patch, str) else ""

    @property
    def json(self) -> str:
        """Everything except the diff, as JSON."""
        git = {key: value for key, value in self.git.items() if key != "diff"}
        value = self.value | ({"git_info": git} if git else {})
        return json.dumps(value, ensure_ascii=False, indent=2)

    @property
    def code(self) -> list[Pair]:
        """Commit, branch, whether there were uncommitted changes, and the last commit."""
        git = self.git
        branch = _text(git.get("branch"))
        lines = [
            Pair(_("commit"), _text(git.get("commit")) or (_("none yet") if git else "")),
            Pair(_("branch"), _("none (detached HEAD)") if branch == "HEAD" else branch),
            Pair(_("changes"), _changes(git)),
            *(Pair(key.replace("_", " "), _text(value)) for key, value in git.items() if key not in GIT),
        ]
        return [line for line in lines if line.text]

    @property
    def sections(self) -> list[Section]:
        sections = [
            Section(_("Command"), [*self._command()]),
            Section(_("Machine"), [*self._machine()]),
            Section(_("Python"), [*self._python()]),
            Section(_("Environment variables"), [*_pairs(self._mapping("env_variables"))], "="),
            Section(_("Packages"), self._packages("pip_packages", "=="), "==", counted=True),
            Section(_("Conda packages"), self._packages("conda_packages", "="), "=", counted=True),
        ]
        self._section_keys |= {"git_info"} if self.git or self.value.get("git_info") is None else set()
        rest = {
            key: value
            for key, value in self.value.items()
            if key not in self._section_keys and value is not None
        }
        return [section for section in [*sections, Section(_("Other"), [*_pairs(rest)])] if section.lines]

    def _command(self) -> Iterator[Pair]:
        if words := self._texts("command_line"):
            yield Pair(_("command line"), shlex.join(words))
        yield from self._plain(working_dir=_("folder"))

    def _machine(self) -> Iterator[Pair]:
        details = self._mapping("platform_details")
        yield from self._plain(platform=_("system"))
        yield from _pairs({_("host"): details.get("node"), _("version"): details.get("version")})
        yield from _processor(self._mapping("cpu_info"))
        gpus = self.value.get("gpu_info")
        cards = [card for card in gpus if isinstance(card, dict)] if isinstance(gpus, list) else []
        if cards == gpus:
            self._section_keys.add("gpu_info")
            for number, card in enumerate(cards):
                yield Pair(f"GPU {_text(card.get('index', number))}", _card(card))

    def _python(self) -> Iterator[Pair]:
        details = self._mapping("platform_details")
        yield from self._plain(python_version=_("version"))
        yield from _pairs({_("interpreter"): details.get("python_implementation")})
        yield from self._plain(conda_env=_("conda environment"))
        yield from _pairs({_("conda channels"): ", ".join(self._texts("conda_channels")) or None})

    def _plain(self, **names: str) -> Iterator[Pair]:
        for key, name in names.items():
            if isinstance(self.value.get(key), str):
                self._section_keys.add(key)
                yield from _pairs({name: self.value[key]})

    def _packages(self, key: str, separator: str) -> list[Pair]:
        parts = (item.partition(separator) for item in self._texts(key))
        return [Pair(name, version) for name, _, version in parts]

    def _texts(self, key: str) -> list[str]:
        value = self.value.get(key)
        texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
        if texts != value:
            return []
        self._section_keys.add(key)
        return texts

    def _mapping(self, key: str) -> JsonObject:
        value = self.value.get(key)
        if not isinstance(value, dict):
            return {}
        self._section_keys.add(key)
        return value


def _changes(git: JsonObject) -> str:
    if "has_changes" not in git:
        return ""
    if not git["has_changes"]:
        return _("none")
    count = git.get("changed_files_count")
    if not isinstance(count, int):
        return _("uncommitted")
    text = ngettext("%(n)s uncommitted file", "%(n)s uncommitted files", count)
    return text % {"n": f"{count:,}"}


def _processor(about: JsonObject) -> Iterator[Pair]:
    count, usable = about.get("count"), about.get("usable_count")
    cores = _text(count)
    if usable not in (None, count):
        cores = _("%(usable)s of %(count)s") % {"usable": usable, "count": _text(count)}
    summary_keys = ("model", "count", "usable_count", "memory_total_mb")
    rest = {key: value for key, value in about.items() if key not in summary_keys}
    yield from _pairs({"CPU": about.get("model"), _("cores"): cores, _("memory"): _memory(about)} | rest)


def _card(card: JsonObject) -> str:
    driver = card.get("driver_version")
    parts = [
        _text(card.get("name")),
        _memory(card),
        _("driver %(version)s") % {"version": driver} if driver else "",
    ]
    return ", ".join(part for part in parts if part)


def _memory(about: JsonObject) -> str:
    size = about.get("memory_total_mb")
    if isinstance(size, bool) or not isinstance(size, int | float):
        return ""
    return f"{size / KIB:.1f} GiB" if size >= KIB else f"{size:.0f} MiB"


def _pairs(value: Mapping[str, JsonValue]) -> Iterator[Pair]:
    present = {key: item for key, item in value.items() if item is not None}
    return (pair for pair in leaves(present) if pair.text)


def _text(value: Any) -> str:
    return "" if value is None else str(value)

"""Pages of differences of runs: the card "What changed", the difference of two runs, and the sources of a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from rest_framework.exceptions import NotFound

from metrics.api.differences import compared_runs
from metrics.differences import near_runs, service, sources
from metrics.pages import syntax
from runicorn.api.responses.differences import ChangedFile, Difference, SourceFile
from runicorn.json_value import JsonObject
from runicorn.store.project import analysis
from runicorn_site.web.access import Scope, access
from runicorn_site.web.messages import translated
from runicorn_site.web.responses import fragment
from runicorn_tools.analysis.scale import mean
from runicorn_tools.differences import engine, patches
from runicorn_tools.differences.facts import RunFacts
from runicorn_tools.differences.words import short
from runs.active_root import active_root
from runs.errors import NoSuchFile
from runs.models import Run, RunMetric
from runs.pages.table.baseline import page_quantities
from runs.query.analysis import verdicts
from runs.query.analysis.metric_values import Definitions
from runs.services.lookup import get_experiment, get_run
from runs.services.selection import select_runs

TITLES = {
    "code": _("Code"),
    "config": _("Config"),
    "seed": _("Seed"),
    "command": _("Command line"),
    "packages": _("Packages"),
    "environment": _("Environment variables"),
    "artifacts": _("Data and artifacts"),
    "hardware": _("Hardware"),
}
PREVIOUS, BASELINE = "previous", "baseline"
MOST_METRICS = 3
MOST_NEAR = 20
MOST_MATCHES, MOST_LETTERS = 200, 200
MOST_LINES = 4000
"""Maximum number of shown lines of a diff or a file; the download has all of them."""
OPEN_LINES = 400
"""Number of lines up to which the diff of a file is open."""
STATUSES = {
    "added": _("added"),
    "removed": _("removed"),
    "modified": pgettext_lazy("status of a file", "modified"),
    "renamed": _("renamed"),
}
OPEN_FILES = 60
"""Number of source files up to which all folders of the tree are open."""
MOST_KEYS = 500
"""Maximum number of shown keys of a section; the API has all."""
MOST_NEAR_METRICS = 2


class Effect(NamedTuple):
    """How a metric of a run compares with that of others, by their means."""

    metric: str
    before: float
    after: float
    word: str
    sentence: str
    """The verdict, without the number of seeds that would decide."""
    detail: str


class CardContext(TypedDict):
    """Context of the card."""

    run: Run
    against: str
    other: Run | None
    choices: list[tuple[str, str]]
    sentences: list[str]
    is_replica: bool
    effects: list[Effect]
    verdict: str
    """Sentence of all effects, if it is the same; else empty."""
    storage: str
    has_sources: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table of changes; `kind` is `changed`, `added` or `removed`."""

    kind: str
    key: str
    a: str = ""
    b: str = ""
    note: str = ""
    details: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the difference page."""

    name: str
    title: str
    lines: list[Line] = field(default_factory=list)
    count: int = 0


@dataclass(frozen=True, slots=True)
class FilePart:
    """The difference of a file."""

    file: ChangedFile
    status: str
    lines: list[tuple[str, SafeString]]
    is_open: bool
    note: str = ""


@access(Scope.READ)
@require_safe
def changed_card(request: HttpRequest, run_id: str) -> HttpResponse:
    """Render what changed since the previous run of the script, or with `against` since the baseline or another run."""
    run = get_run(run_id)
    return fragment(
        request, "metrics/differences/_card.html", card(run, request.GET.get("against") or PREVIOUS)
    )


def card(run: Run, against: str) -> CardContext:
    """Return the context of the card."""
    baseline = [other for other in baseline_of(run) if other.pk != run.pk]
    others = baseline if against == BASELINE else _others(run, against)
    choices = [(PREVIOUS, gettext("Previous run"))]
    choices += [(BASELINE, gettext("Baseline"))] if baseline else []
    context: CardContext = {
        "run": run,
        "against": against,
        "other": others[-1] if others else None,
        "choices": choices,
        "sentences": [],
        "is_replica": False,
        "effects": [],
        "verdict": "",
        "storage": run.root.path,
        "has_sources": service.facts_of(run).has_code,
    }
    if others:
        difference = service.compare(others[-1], [run], with_curves=False)
        context["sentences"] = [translated(sentence) for sentence in difference["sentences"]]
        context["is_replica"] = difference["replica"]
        context["effects"] = list(_effects(run, [other for other in others if other.pk != run.pk]))
        sentences = {effect.sentence for effect in context["effects"]}
        context["verdict"] = sentences.pop() if len(sentences) == 1 else ""
    return context


def _others(run: Run, against: str) -> list[Run]:
    if against == PREVIOUS:
        other = service.predecessor(run)
        return [other] if other is not None else []
    return [get_run(against)]


def baseline_of(run: Run) -> list[Run]:
    """Return the runs of the baseline of a run's project."""
    content = analysis.read(Path(run.root.path), run.project)
    return select_runs(active_root(), content["baseline"]).runs if content["baseline"] else []


def _effects(run: Run, others: Sequence[Run]) -> Iterator[Effect]:
    """Yield the verdicts on the primary metric and some others that both sides have, outcomes rather than counters."""
    mine = set(RunMetric.objects.filter(run=run).values_list("key", flat=True))
    theirs = set(RunMetric.objects.filter(run__in=others).values_list("key", flat=True))
    definitions = Definitions.of_runs([run, *others])
    primary = run.best_metric_name or ""
    prefix = primary.rpartition("/")[0]
    names = sorted(mine & theirs, key=lambda name: (name != primary, name.rpartition("/")[0] != prefix, name))
    # Epochs, learning rates and norms have no direction that is better.
    outcomes = [name for name in names if definitions.goal(name).direction != "unknown"]
    for quantity in page_quantities((outcomes or names)[:MOST_METRICS], definitions, others):
        name = quantity.name
        values = verdicts.values_by_run(active_root(), quantity, [run, *others])
        group = [(run.pk, values[run.pk])]
        (verdict,) = verdicts.judge_values(active_root(), name, quantity, definitions, [group], others)
        if verdict.difference is not None:
            after = values.pop(run.pk)
            before = mean([value for value in values.values() if isfinite(value)])
            detail = translated(verdict.sentence)
            # Three verdicts with their seeds take three lines of the run page.
            sentence = gettext("within noise") if verdict.seeds_to_decide else detail
            label = gettext("best %(metric)s") % {"metric": name} if quantity.figure == "best" else name
            yield Effect(label, before, after, verdict.verdict, sentence, detail)


@access(Scope.READ)
@require_safe
def difference_page(request: HttpRequest) -> HttpResponseBase:
    """Render the difference from run `a` to run `b`, or to the runs of a group separated by commas."""
    a, b = request.GET.get("a", ""), [part for part in request.GET.get("b", "").split(",") if part]
    if not a or not b:
        return redirect("runs")
    try:
        first, others = compared_runs(a, b)
    except NotFound:
        if b != [service.PREVIOUS]:
            raise
        # The first run of its script: those with the nearest config are what it can be compared with.
        return redirect("run-nearest", get_experiment(a).run_id)
    difference = service.compare(first, others)
    context = {
        "a": first,
        "b": others[-1],
        "group": others[:-1],
        "difference": difference,
        "sentences": [translated(sentence) for sentence in difference["sentences"]],
        "sections": list(_sections(first, others[-1], difference)),
        "files": list(file_parts(difference)) if difference["code"] else [],
        "partings": [
            (entry["metric"], entry["step"], entry.get("first"), _spread(entry.get("spread", "")))
            for entry in difference["parting"]
        ],
    }
    return render(request, "metrics/differences/page.html", context)


def _sections(a: Run, b: Run, difference: Difference) -> Iterator[Section]:
    seeds = engine.seed_keys(service.facts_of(a), service.facts_of(b))
    for name in difference["order"]:
        lines = _lines(name, difference)
        if name == "config":  # seeds have a section
            lines = [line for line in lines if line.key not in seeds]
        if lines or name == "code":
            yield Section(name, str(TITLES[name]), lines[:MOST_KEYS], len(lines))


def _spread(word: str) -> str:
    words = {"replicas": gettext("spread of replicas"), "curves": gettext("noise of the curves")}
    return words.get(word, gettext("exact"))


def section_lines(difference: Difference) -> Iterator[tuple[str, list[Line]]]:
    """Yield the title and the lines of each section that has any."""
    for name in difference["order"]:
        yield str(TITLES[name]), _lines(name, difference)


def _lines(name: str, difference: Difference) -> list[Line]:
    section: dict[str, Any] = difference[name]  # type: ignore[literal-required]
    if name in ("command", "seed"):
        texts = [
            shlex.join(value) if isinstance(value, list) and name == "command" else short(value)
            for value in (section["a"], section["b"])
        ]
        return [Line("changed", str(TITLES[name]), *texts)]
    if name == "code":
        return []
    lines = [_changed(entry) for entry in section.get("changed", [])]
    lines += [Line("added", entry["key"], b=short(entry["b"])) for entry in section.get("added", [])]
    lines += [Line("removed", entry["key"], a=short(entry["a"])) for entry in section.get("removed", [])]
    return lines


def _changed(entry: dict[str, Any]) -> Line:
    notes = {"up": gettext("moved up"), "down": gettext("moved down")}
    note = " → ".join(entry["types"]) if "types" in entry else notes.get(entry.get("direction", ""), "")
    files = entry.get("files", {})
    return Line("changed", entry["key"], short(entry["a"]), short(entry["b"]), note, files.get("paths", ()))


def file_parts(difference: Difference) -> Iterator[FilePart]:
    """Yield the differing files with the colored lines of their diffs; of all files together at most `MOST_LINES`."""
    code, remaining_lines = difference["code"], MOST_LINES
    texts = patches.by_file(code.get("diff", ""))
    for file in code.get("files", []):
        lines = texts.get(file["path"], "").splitlines()
        body = lines[next((n for n, line in enumerate(lines) if line.startswith("@@")), len(lines)) :]
        excerpt = body[:remaining_lines]
        remaining_lines -= len(excerpt)
        note = ""
        if file.get("binary"):
            note = gettext("Binary files differ.")
        elif file.get("line_ends"):
            note = gettext("Only line ends are different.")
        elif len(excerpt) < len(body):
            note = gettext("Too long to be shown as a whole.")
        language = syntax.language_of(file["path"])
        is_open = len(body) <= OPEN_LINES
        yield FilePart(file, str(STATUSES[file["status"]]), list(_colored(excerpt, language)), is_open, note)


def _colored(lines: Iterable[str], language: str) -> Iterator[tuple[str, SafeString]]:
    kinds = {"+": "added", "-": "removed", "@": "place", "\\": "place"}
    for line in lines:
        kind = kinds.get(line[:1], "same")
        code = syntax.colored(line, "" if kind == "place" or len(line) > syntax.LONGEST else language)
        yield kind, code


@access(Scope.READ)
@require_safe
def nearest_page(request: HttpRequest, run_id: str) -> HttpResponse:
    """Render the runs of a project whose configs are nearest to that of a run."""
    run = get_run(run_id)
    near = near_runs.near_runs(run.project, run.config, MOST_NEAR, run.run_id)
    runs = [(other, _primary_metrics(other["metrics"], run.best_metric_name)) for other in near]
    return render(request, "metrics/differences/nearest.html", {"run": run, "runs": runs})


def _primary_metrics(values: Mapping[str, float | None], primary: str | None) -> list[tuple[str, float]]:
    names = sorted(values, key=lambda name: (name != primary, name))
    metrics = [(name, value) for name in names if (value := values[name]) is not None]
    return metrics[:MOST_NEAR_METRICS]


@access(Scope.READ)
@require_safe
def sources_page(request: HttpRequest, run_id: str) -> HttpResponse:
    """Render the stored source files of a run, and one of them."""
    run = get_run(run_id)
    facts = service.facts_of(run)
    tree = sources.tree(facts)
    path = request.GET.get("path", "")
    context: dict[str, Any] = {"run": run, "tree": tree, "path": path, "cells": bool(tree["cells"])}
    context["reasons"] = " ".join(
        filter(None, [_reasons(tree["skipped_count"]), _written(tree["written_count"])])
    )
    context["folders"] = _folders(tree["files"], path)
    if path:
        context |= _file(facts, path)
    elif query := request.GET.get("q", "").strip()[:MOST_LETTERS]:
        context |= {"query": query, "matches": _matches(facts, query)}
    return render(request, "metrics/differences/sources.html", context)


def _matches(facts: RunFacts, query: str) -> list[tuple[str, int, str]]:
    try:
        matches = sources.search(facts, query, MOST_MATCHES)
    except (OSError, ValueError):
        return []
    return [(path, number, line.strip()[: syntax.LONGEST]) for path, number, line in matches]


def _reasons(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "{count} file was left out: too large, binary, or with keys.",
        "{count} files were left out: too large, binary, or with keys.",
        count,
    ).format(count=count)


def _written(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "{count} file that runs wrote is not stored.", "{count} files that runs wrote are not stored.", count
    ).format(count=count)


def _folders(files: Iterable[SourceFile], path: str) -> list[tuple[str, list[tuple[str, SourceFile]], bool]]:
    """Return folders with the names and entries of their files, and whether each is open; the top folder first."""
    folders: dict[str, list[tuple[str, SourceFile]]] = {}
    for file in files:
        folder, _, name = file["path"].rpartition("/")
        folders.setdefault(folder, []).append((name, file))
    is_small = sum(map(len, folders.values())) <= OPEN_FILES
    return [
        (folder, folders[folder], is_small or not folder or path.rpartition("/")[0] == folder)
        for folder in sorted(folders)
    ]


def _file(facts: RunFacts, path: str) -> JsonObject:
    try:
        content = sources.content(facts, path)
    except (KeyError, OSError, ValueError) as error:
        raise NoSuchFile(
            "Run {run_id} has no source file {path}", run_id=facts.id, path=path[:200]
        ) from error
    if b"\0" in content[:8192]:
        return {"is_binary": True}
    text = content.decode("utf-8", "replace")
    lines = text.splitlines()
    excerpt = "\n".join(lines[:MOST_LINES])
    numbers = "\n".join(str(number) for number in range(1, min(len(lines), MOST_LINES) + 1))
    is_cut = len(lines) > MOST_LINES
    return {"code": syntax.colored(excerpt, syntax.language_of(path)), "numbers": numbers, "is_cut": is_cut}

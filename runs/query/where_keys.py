"""Keys and values of the runs of a root, for completing and checking `where` expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Count, QuerySet

from runicorn.message import Message
from runicorn.store import layout
from runicorn.store.state import STATES
from runicorn_site.web.readable import current, only_readable
from runs.models import Run, RunMetric, RunParam, RunTag, StorageRoot
from runs.query import counts, keys
from runs.query.where import bare_keys, parser
from runs.query.where.ast import FIELDS, Field, Kind, Node, comparisons
from runs.query.where.bare_keys import CONFIG, METRIC
from runs.query.where.completion import CursorContext, operators, quoted, quoted_word

MOST = 20
BARE_KEY = re.compile(r"[\w./-]+")
KEYED = {Kind.CONFIG: CONFIG, Kind.METRIC: METRIC}
STATE_WORDS = {"status": layout.STATUSES, "state": STATES}
"""Values of the fields that have only these."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that may stand at the cursor.

    Attributes:
        text: as it is written in the expression.
        kind: `field`, `config`, `metric`, `operator`, `value` or `word`.
        runs: how many runs have it; None where that does not apply.
    """

    text: str
    kind: str
    runs: int | None = None


def parse(root: StorageRoot, text: str, *projects: str | None) -> Node:
    """Return the syntax tree of an expression, with bare keys for the fields that they stand for.

    Args:
        projects: whose runs are searched; empty names do not count. By default those that the expression itself
            requires, else all of the root.

    Raises:
        runs.query.where.parser.BadWhere: it is malformed.
    """
    return parser.parse(text, partial(resolve, root, scope(text, *projects)))


def scope(text: str, *projects: str | None) -> tuple[str, ...]:
    """Return the projects among whose keys the bare keys of an expression are looked up; none means all."""
    return tuple(project for project in projects if project) or parser.required_projects(text)


def is_readable(root: StorageRoot, text: str, project: str = "") -> bool:
    """Return whether an expression names no project that the sender of the request may not read."""
    if current().is_everything or not text.strip():
        return True
    try:
        projects = [node for node in comparisons(parse(root, text, project)) if node.field.name == "project"]
    except parser.BadWhere:
        return False
    return all(str(value) in current() for node in projects for value in node.values)


def resolve(root: StorageRoot, projects: Sequence[str], key: str) -> Field | str | None:
    """Return the field that a bare key stands for in these projects, all if none; see `bare_keys.resolve`."""
    return bare_keys.resolve(bare_keys.candidates(partial(_keys, root), projects, key), key)


def corrections(
    root: StorageRoot, text: str, error: parser.BadWhere, *projects: str | None
) -> list[Suggestion]:
    """Return an expression once for each field that its unknown field may stand for."""
    before, rest = text[: error.position - 1], text[error.position - 1 :]
    key = BARE_KEY.match(rest)
    if not key or not str(error.problem).startswith("unknown field"):
        return []
    candidates = bare_keys.candidates(partial(_keys, root), scope(text, *projects), key[0])
    return [
        Suggestion(f"{before}{bare_keys.dotted(kind, name)}{rest[key.end() :].rstrip()}", kind or "field")
        for kind, name, _ in bare_keys.likely(candidates, key[0])
    ]


def hints(root: StorageRoot, text: str, project: str = "") -> list[Message]:
    """Return why no run may match a valid expression: keys that no run of the project has, and unknown states."""
    known = {(kind, key) for kind, key, _ in _keys(root, project)}
    hints = []
    for comparison in comparisons(parse(root, text, project)):
        field = comparison.field
        if (kind := KEYED.get(field.kind)) and (kind, field.name) not in known:
            key = bare_keys.dotted(kind, field.name)
            hints.append(
                Message("No run of project {project} has the key {key}.", project=project, key=key)
                if project
                else Message("No run has the key {key}.", key=key)
            )
        if field.kind is Kind.TEXT and field.name in STATE_WORDS and comparison.operator in ("=", "in"):
            words = STATE_WORDS[field.name]
            hints += [
                Message("{word!r} is not one of {choices}.", word=value, choices=", ".join(words))
                for value in comparison.values
                if value not in words
            ]
    return list(dict.fromkeys(hints))


def suggestions(root: StorageRoot, place: CursorContext, project: str = "") -> list[Suggestion]:
    """Return words for a place in an expression, those that begin as what is typed first.

    Those of a project are counted in it, and only its keys are among them.
    """
    if place.expected == "field":
        suggestions = _fields(root, project)
        suggestions.append(Suggestion("not", "word"))
    elif place.expected == "operator":
        suggestions = [Suggestion(operator, "operator") for operator in operators(place.field)]
    elif place.expected == "value" and place.field is not None:
        suggestions = _values(root, place.field, project)
    elif place.expected == "connective":
        suggestions = [Suggestion(word, "word") for word in ("and", "or")]
    else:
        suggestions = []
    typed = place.typed.casefold()
    plain = {suggestion: suggestion.text.casefold().replace('"', "") for suggestion in suggestions}
    starting = [suggestion for suggestion in suggestions if plain[suggestion].startswith(typed)]
    others = [
        suggestion
        for suggestion in suggestions
        if not plain[suggestion].startswith(typed) and typed in plain[suggestion]
    ]
    return [*starting, *others][:MOST]


def _keys(root: StorageRoot, project: str = "") -> list[tuple[str, str, int]]:
    """Return (kind, key, number of runs) of all config keys and metrics."""

    def read() -> list[tuple[str, str, int]]:
        keys: list[tuple[str, str, int]] = []
        for kind, model in ((CONFIG, RunParam), (METRIC, RunMetric)):
            rows = _of_project(model.objects.filter(root=root), root, project).values_list("key")
            key_counts = rows.annotate(runs=Count("run")).order_by("key")
            keys += [(kind, key, runs) for key, runs in key_counts]
        return keys

    # A page parses its condition several times, and an editor at every keystroke.
    return counts.remembered(root, f"keys of conditions {project}", read, keys.SECONDS)


def _of_project(rows: QuerySet[Any], root: StorageRoot, project: str) -> QuerySet[Any]:
    rows = only_readable(rows, "run__project")
    if not project:
        return rows
    return rows.filter(run__in=Run.objects.in_root(root).live().filter(project=project).values("pk"))


def _fields(root: StorageRoot, project: str) -> list[Suggestion]:
    keys = sorted(_keys(root, project), key=lambda row: -row[2])
    suggestions = [Suggestion(f"{kind}.{quoted(name)}", kind, runs) for kind, name, runs in keys]
    return [Suggestion(name, "field") for name in FIELDS] + suggestions


def _values(root: StorageRoot, field: Field, project: str) -> list[Suggestion]:
    if field.kind is Kind.FLAG:
        return [Suggestion(word, "value") for word in ("true", "false")]
    rows: Iterable[tuple[str, int]] = ()
    if field.kind is Kind.TEXT and field.name != "run_id":
        of_root = Run.objects.in_root(root).live().exclude(**{field.name: None}).exclude(**{field.name: ""})
        if project and field.name != "project":
            of_root = of_root.filter(project=project)
        rows = of_root.values_list(field.name).annotate(runs=Count("id")).order_by("-runs", field.name)[:500]
    elif field.kind is Kind.TAGS:
        tags = _of_project(RunTag.objects.filter(root=root), root, project).values_list("tag")
        rows = tags.annotate(runs=Count("run")).order_by("-runs", "tag")[:500]
    elif field.kind is Kind.CONFIG:
        of_key = RunParam.objects.filter(root=root, key=field.name)
        params = _of_project(of_key, root, project).values_list("text")
        texts = params.annotate(runs=Count("run"), numbers=Count("number")).order_by("-runs", "text")[:500]
        return [
            Suggestion(quoted(text) if numbers else quoted_word(text), "value", runs)
            for text, runs, numbers in texts
        ]
    return [Suggestion(quoted(text), "value", runs) for text, runs in rows]

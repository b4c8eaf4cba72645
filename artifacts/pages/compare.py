"""Page that compares two versions of an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from artifacts.models import Version
from artifacts.pages.listing import Chip
from artifacts.services import lookup
from runicorn_site.web.access import Scope, access
from runicorn_site.web.paginator import Paginator
from runicorn_site.web.pools import blocking
from runs.pages.key_values import Pairs

SIZE = 200
T = TypeVar("T")

ADDED, REMOVED, CHANGED, SAME = "added", "removed", "changed", "same"
KIND_LABELS = {CHANGED: _("changed"), ADDED: _("added"), REMOVED: _("removed"), SAME: _("same")}


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """One name in two versions.

    Attributes:
        kind: `added`, `removed`, `changed` or `same`.
        before, after: the value in each; None if missing.
    """

    kind: str
    name: str
    before: T | None
    after: T | None


def compare(before: Mapping[str, T], after: Mapping[str, T]) -> list[Difference[T]]:
    """Return the names of both: changed, added, removed, same; each group sorted by name."""
    order = list(KIND_LABELS)
    differences = [
        Difference(_kind(before, after, name), name, before.get(name), after.get(name))
        for name in {**before, **after}
    ]
    return sorted(differences, key=lambda difference: (order.index(difference.kind), difference.name))


def _kind(before: Mapping[str, T], after: Mapping[str, T], name: str) -> str:
    if name not in before:
        return ADDED
    if name not in after:
        return REMOVED
    return SAME if before[name] == after[name] else CHANGED


def counts(differences: list[Difference[T]]) -> dict[str, int]:
    return {kind: sum(difference.kind == kind for difference in differences) for kind in KIND_LABELS}


@dataclass(frozen=True, slots=True)
class Content:
    """A file in one version; equal objects have equal bytes."""

    digest: str
    size: int


@access(Scope.READ)
@blocking
@require_safe
def compare_page(request: HttpRequest, type: str, name: str) -> HttpResponse:
    """Render the differences of the versions `a` and `b`, by default the last two.

    The table of versions sends those that are ticked as `v`: the oldest and the newest of them are compared.
    """
    artifact, query = lookup.get_artifact(name, type), request.GET
    numbers = list(artifact.versions.indexed().order_by("-number").values_list("number", flat=True))
    ticked = sorted((text for text in query.getlist("v") if _number(text, [])), key=lambda text: int(text))
    after = lookup.version_of(artifact, _number(query.get("b") or "".join(ticked[-1:]), numbers[:1]))
    earlier = [number for number in numbers if number < after.number]
    before = lookup.version_of(
        artifact, _number(query.get("a") or "".join(ticked[:-1][:1]), earlier[:1] or numbers[:1])
    )
    files = compare(_files(before), _files(after))
    metadata = compare(_metadata(before), _metadata(after))
    kind = query.get("show", "")
    visible_files = [
        file for file in files if (file.kind == kind if kind in KIND_LABELS else file.kind != SAME)
    ]
    here = reverse("artifact-compare", args=[artifact.type, artifact.name])
    params = {"a": before.number, "b": after.number} | ({"show": kind} if kind in KIND_LABELS else {})
    pages = Paginator(
        visible_files,
        SIZE,
        count=len(visible_files),
        address=lambda number: f"{here}?{urlencode(params | {'page': number})}",
    )
    context = {
        "artifact": artifact,
        "numbers": numbers,
        "before": before,
        "after": after,
        "sides": [before, after],
        "metadata": [pair for pair in metadata if pair.kind != SAME],
        "same_metadata": counts(metadata)[SAME],
        "page": pages.get_page(query.get("page")),
        "chips": _chips(here, params, kind if kind in KIND_LABELS else "", files),
        "show": kind if kind in KIND_LABELS else "",
    }
    return render(request, "artifacts/compare.html", context)


def _number(text: str, otherwise: list[int]) -> int:
    if text.isascii() and text.isdigit() and len(text) < 11:
        return int(text)
    return otherwise[0] if otherwise and not text else 0


def _files(version: Version) -> dict[str, Content]:
    rows = version.files.values_list("path", "digest", "size")
    return {path: Content(digest, size) for path, digest, size in rows}


def _metadata(version: Version) -> dict[str, str]:
    description = {"description": version.description} if version.description else {}
    tags = {"tags": "\n".join(version.tags)} if version.tags else {}
    return description | tags | {pair.key: pair.text for pair in Pairs(version.metadata)}


def _chips(here: str, params: dict[str, Any], kind: str, files: list[Difference[Content]]) -> list[Chip]:
    counts_by_kind = counts(files)
    chips = [
        ("", _("Differences"), len(files) - counts_by_kind[SAME]),
        *((chip, label, counts_by_kind[chip]) for chip, label in KIND_LABELS.items()),
    ]
    plain = {key: value for key, value in params.items() if key != "show"}
    return [
        Chip(
            label=capfirst(label),
            count=count,
            current=chip == kind,
            address=f"{here}?{urlencode(plain | ({'show': chip} if chip else {}))}",
        )
        for chip, label, count in chips
    ]

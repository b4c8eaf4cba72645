"""Two versions of an artifact beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from artifacts.models import Artifact, Version
from artifacts.pages.listing import Chip
from artifacts.pages.version_diff import KINDS, SAME, Difference, compare, counts
from artifacts.services import lookup
from runicorn_site.web.paginator import Page, Paginator
from runs.pages.key_values import Pairs

SIZE = 200


@dataclass(frozen=True, slots=True)
class Content:
    """A file in one version; equal ones have equal bytes."""

    digest: str
    size: int


class CompareContext(TypedDict):
    """Context of the comparison of two versions."""

    artifact: Artifact
    numbers: list[int]
    before: Version
    after: Version
    sides: list[Version]
    metadata: list[Difference[str]]
    same_metadata: int
    page: Page
    chips: list[Chip]
    show: str


def compare_context(artifact: Artifact, query: QueryDict) -> CompareContext:
    """Return the differences of the versions `a` and `b`, by default the last two.

    Raises:
        NotFound: no such version.
    """
    numbers = list(artifact.versions.indexed().order_by("-number").values_list("number", flat=True))
    after = lookup.version_of(artifact, _number(query.get("b", ""), numbers[:1]))
    earlier = [number for number in numbers if number < after.number]
    before = lookup.version_of(artifact, _number(query.get("a", ""), earlier[:1] or numbers[:1]))
    files = compare(_files(before), _files(after))
    metadata = compare(_metadata(before), _metadata(after))
    kind = query.get("show", "")
    shown = [one for one in files if (one.kind == kind if kind in KINDS else one.kind != SAME)]
    here = reverse("artifact-compare", args=[artifact.type, artifact.name])
    kept = {"a": before.number, "b": after.number} | ({"show": kind} if kind in KINDS else {})
    pages = Paginator(
        shown,
        SIZE,
        count=len(shown),
        address=lambda number: f"{here}?{urlencode(kept | {'page': number})}",
    )
    return {
        "artifact": artifact,
        "numbers": numbers,
        "before": before,
        "after": after,
        "sides": [before, after],
        "metadata": [one for one in metadata if one.kind != SAME],
        "same_metadata": counts(metadata)[SAME],
        "page": pages.get_page(query.get("page")),
        "chips": _chips(here, kept, kind if kind in KINDS else "", files),
        "show": kind if kind in KINDS else "",
    }


def _number(text: str, otherwise: list[int]) -> int:
    if text.isascii() and text.isdigit() and len(text) < 11:
        return int(text)
    return otherwise[0] if otherwise and not text else 0


def _files(version: Version) -> dict[str, Content]:
    rows = version.files.values_list("path", "digest", "size")
    return {path: Content(digest, size) for path, digest, size in rows}


def _metadata(version: Version) -> dict[str, str]:
    said = {"description": version.description} if version.description else {}
    tags = {"tags": "\n".join(version.tags)} if version.tags else {}
    return said | tags | {pair.key: pair.text for pair in Pairs(version.metadata)}


def _chips(here: str, kept: dict[str, Any], kind: str, files: list[Difference[Content]]) -> list[Chip]:
    found = counts(files)
    every = [
        ("", "Differences", len(files) - found[SAME]),
        *((one, one.capitalize(), found[one]) for one in KINDS),
    ]
    plain = {key: value for key, value in kept.items() if key != "show"}
    return [
        Chip(
            label=label,
            count=count,
            current=one == kind,
            address=f"{here}?{urlencode(plain | ({'show': one} if one else {}))}",
        )
        for one, label, count in every
    ]

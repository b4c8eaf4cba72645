"""Page of an artifact: its versions with their runs, and its aliases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.db.models import Count, F, QuerySet, Sum, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from artifacts.index import usage_links
from artifacts.models import Artifact, Use, Version
from artifacts.pages import version_columns
from artifacts.pages.version_columns import Cell
from artifacts.services import lookup
from runicorn_site.web.access import Scope, access
from runicorn_site.web.paginator import Paginator
from runicorn_site.web.pools import blocking
from runicorn_site.web.readable import only_readable
from runs.models import Run, StorageRoot

SIZE = 100
FEW = 2
"""Runs that are named in a row; the page of the version names all."""


@dataclass(slots=True)
class Row:
    """A version in the table, with the first runs that used it and how many further ones there are."""

    version: Version
    aliases: list[str]
    maker: Run | None
    users: list[Run] = field(default_factory=list)
    further: int = 0
    cells: list[Cell] = field(default_factory=list)


@access(Scope.READ)
@blocking
@require_safe
def artifact_page(request: HttpRequest, type: str, name: str) -> HttpResponse:
    """Render the page of an artifact, sorted and paged by the query string."""
    return show_artifact(request, lookup.get_artifact(name, type), request.GET)


def show_artifact(
    request: HttpRequest, artifact: Artifact, query: QueryDict, status: int = 200, **more: object
) -> HttpResponse:
    """Render the page of an artifact for a query string, with `more` in its context."""
    usage_links.catch_up_all(artifact.root)
    with_deleted = query.get("deleted") == "1"
    freed = query.get("freed", "")
    versions = artifact.versions.indexed()
    listed_versions = versions if with_deleted else versions.live()
    here = reverse("artifact", args=[artifact.type, artifact.name])
    base_query = {"deleted": "1"} if with_deleted else {}
    newest = listed_versions.order_by("-number").values_list("metadata", flat=True)
    keys = version_columns.metadata_keys(newest[: version_columns.MOST_READ])
    sort = version_columns.read_sort(query.get("sort", ""), keys)
    state = base_query | ({"sort": sort} if sort != version_columns.NEWEST else {})
    pages = Paginator(
        version_columns.in_order(listed_versions, sort),
        SIZE,
        count=listed_versions.count(),
        address=lambda number: f"{here}?{urlencode(state | {'page': number})}",
    )
    page = pages.get_page(query.get("page"))
    version_rows = rows(artifact, version_columns.page_of(page.object_list))
    for row in version_rows:
        row.cells = [version_columns.cell(row.version.metadata, key) for key in keys]
    heads = version_columns.heads(keys, sort, here, base_query)
    live = versions.live().count()
    context = {
        "artifact": artifact,
        "page": page,
        "rows": version_rows,
        "heads": heads,
        "metadata_heads": [heads[f"{version_columns.METADATA}{key}"] for key in keys],
        "has_descriptions": any(row.version.description for row in version_rows),
        "can_compare": live > 1,
        "deleted_count": versions.count() - live,
        "with_deleted": with_deleted,
        "stored": versions.aggregate(size=Sum("stored_bytes"))["size"] or 0,
        "set_aliases": [pair for pair in artifact.named_versions if pair[0] != "latest"],
        "deleted_number": query.get("removed", "") if query.get("removed", "").isdecimal() else "",
        "freed": int(freed) if freed.isascii() and freed.isdigit() and len(freed) < 19 else 0,
    }
    return render(request, "artifacts/artifact.html", context | more, status=status)


def rows(artifact: Artifact, versions: Iterable[Version]) -> list[Row]:
    """Return versions with the runs that made and used them, in three queries."""
    versions = list(versions)
    runs = runs_by_id(artifact.root, (version.run_id for version in versions))
    version_rows = {}
    for version in versions:
        version.artifact = artifact
        version_rows[version.number] = Row(
            version, artifact.aliases_of(version.number), runs.get(version.run_id)
        )
    uses = uses_of(artifact, Use.USED, list(version_rows))
    for number, count in uses.order_by().values_list("number").annotate(Count("pk")):
        version_rows[number].further = max(0, count - FEW)
    place = Window(RowNumber(), partition_by=F("number"), order_by=("at", "pk"))
    for use in uses.annotate(place=place).filter(place__lte=FEW):
        version_rows[use.number].users.append(use.run)
    return list(version_rows.values())


def uses_of(artifact: Artifact, kind: str, numbers: list[int]) -> QuerySet[Use]:
    """Return the uses of versions by runs that are not deleted, oldest first."""
    uses = Use.objects.filter(type=artifact.type, name=artifact.name, kind=kind, number__in=numbers)
    here = only_readable(uses.filter(run__root=artifact.root, run__deleted=None), "run__project")
    return here.select_related("run").order_by("at", "pk")


def runs_by_id(root: StorageRoot, ids: Iterable[str]) -> dict[str, Run]:
    """Return the runs with these ids that are in the store and not deleted."""
    run_ids = {run_id for run_id in ids if run_id}
    runs = Run.objects.in_root(root).filter(run_id__in=run_ids, deleted=None)
    return {run.run_id: run for run in runs}

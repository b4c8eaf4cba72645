"""Lineage of a version from the rows: one query for the edges of a level, one for all nodes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from artifacts.index import usage_links
from artifacts.lineage.graph import Key, Lineage, Questions, walk
from artifacts.models import Use, Version
from artifacts.querysets import of_readable_runs
from runicorn.api.responses.artifacts import Lineage as LineageResponse
from runicorn.api.responses.artifacts import LineageEdge, LineageNode, NodeMetadata
from runicorn_site.web.readable import current, only_readable
from runs.models import Run, StorageRoot

CHUNK = 200
"""Versions per query: SQLite supports a thousand terms."""


def follow(version: Version, depth: int) -> Lineage:
    """Return the ancestors and descendants of a version within `depth` edges."""
    root = version.artifact.root
    usage_links.catch_up_all(root)
    key = (version.artifact.type, version.artifact.name, version.number)
    questions = Questions(
        producers=lambda keys: _producers(root, keys),
        inputs=lambda runs: _versions_of(root, runs, Use.USED),
        consumers=lambda keys: _runs_of(root, keys, Use.USED),
        outputs=lambda runs: _versions_of(root, runs, Use.MADE),
    )
    return walk(key, depth, questions)


def _producers(root: StorageRoot, keys: list[Key]) -> Iterable[tuple[str, Key]]:
    """Combine the lists of runs with the run ids of versions, since a run may have been removed."""
    producers = dict.fromkeys(_runs_of(root, keys, Use.MADE))
    for chunk in _chunks(keys):
        versions = Version.objects.filter(_any(chunk, "artifact__"), artifact__root=root).exclude(run_id="")
        if not current().is_everything:
            versions = versions.filter(of_readable_runs())
        fields = versions.values_list("run_id", "artifact__type", "artifact__name", "number")
        for run, type, name, number in fields:
            producers[run, (type, name, number)] = None
    return producers


def _runs_of(root: StorageRoot, keys: list[Key], kind: str) -> Iterable[tuple[str, Key]]:
    for chunk in _chunks(keys):
        of_versions = Use.objects.filter(_any(chunk, ""), kind=kind, run__root=root)
        uses = only_readable(of_versions, "run__project")
        fields = uses.order_by("at", "pk").values_list("run__run_id", "type", "name", "number")
        for run, type, name, number in fields:
            yield run, (type, name, number)


def _versions_of(root: StorageRoot, runs: list[str], kind: str) -> Iterable[tuple[str, Key]]:
    for chunk in _chunks(runs):
        uses = Use.objects.filter(kind=kind, run__root=root, run__run_id__in=chunk)
        fields = uses.order_by("at", "position").values_list("run__run_id", "type", "name", "number")
        links = [(run, (type, name, number)) for run, type, name, number in fields]
        hidden = hidden_versions(root, (key for _, key in links))
        yield from (pair for pair in links if pair[1] not in hidden)


def hidden_versions(root: StorageRoot, keys: Iterable[Key]) -> set[Key]:
    """Return the versions of the store that the sender of the request may not read."""
    hidden: set[Key] = set()
    for chunk in _chunks([] if current().is_everything else list(set(keys))):
        rows = Version.objects.filter(_any(chunk, "artifact__"), artifact__root=root).exclude(
            of_readable_runs()
        )
        hidden |= set(rows.values_list("artifact__type", "artifact__name", "number"))
    return hidden


def _any(keys: list[Key], prefix: str) -> Q:
    terms = (
        Q(**{f"{prefix}type": kind, f"{prefix}name": name, "number": number}) for kind, name, number in keys
    )
    return reduce(or_, terms)


def _chunks(items: list[Any]) -> Iterable[list[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def lineage_response(version: Version, lineage: Lineage) -> LineageResponse:
    labels = labels_of(lineage)
    details = node_metadata(version.artifact.root, lineage)
    nodes = [
        LineageNode(
            node_type="run" if isinstance(node, str) else "artifact",
            node_id=labels[node],
            label=labels[node],
            metadata=details.get(node, {}),
        )
        for node in lineage.depths
    ]
    edges = [
        LineageEdge(source=labels[edge.source], target=labels[edge.target], edge_type=edge.kind)
        for edge in lineage.edges
    ]
    return {"root_artifact": str(version), "nodes": nodes, "edges": edges}


def labels_of(lineage: Lineage) -> dict[Key | str, str]:
    """Return a run's id, or `name:v3` of a version, with its type where another type has that name too."""
    types: dict[str, str] = {lineage.root[1]: lineage.root[0]}
    for kind, name, _ in lineage.versions:
        types.setdefault(name, kind)
    labels: dict[Key | str, str] = {run: run for run in lineage.runs}
    for kind, name, number in lineage.versions:
        labels[kind, name, number] = (
            f"{name}:v{number}" if types[name] == kind else f"{kind}/{name}:v{number}"
        )
    return labels


def node_metadata(root: StorageRoot, lineage: Lineage) -> dict[Key | str, NodeMetadata]:
    metadata: dict[Key | str, NodeMetadata] = {}
    for chunk in _chunks(lineage.runs):
        runs = Run.objects.in_root(root).filter(run_id__in=chunk)
        for run in runs.only("run_id", "project", "name", "status", "state", "state_reason", "deleted"):
            metadata[run.run_id] = {
                "project": run.project,
                "name": run.name,
                "status": run.status,
                "state": run.state_fields()["state"],
                "state_reason": run.state_reason,
                "deleted": run.deleted is not None,
            }
    for chunk in _chunks(lineage.versions):
        versions = Version.objects.filter(_any(chunk, "artifact__"), artifact__root=root)
        for version in versions.select_related("artifact"):
            key = (version.artifact.type, version.artifact.name, version.number)
            metadata[key] = {"type": key[0], "size": version.size_bytes, "status": version.state}
    return metadata

"""The lineage of a version, from the rows: one question for the edges of a level, and one for all its nodes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from artifacts.index import usage_links
from artifacts.lineage.graph import Key, Lineage, Questions, walk
from artifacts.models import Use, Version
from runs.models import Run, StorageRoot

CHUNK = 200
"""Versions in one question: SQLite takes a thousand terms."""


def of(version: Version, depth: int) -> Lineage:
    """What a version was made from and what was made from it, within so many edges."""
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
    """From the runs' own lists, and from what the versions say of themselves: a run may have been removed."""
    found = dict.fromkeys(_runs_of(root, keys, Use.MADE))
    for chunk in _chunks(keys):
        versions = Version.objects.filter(_any(chunk, "artifact__"), artifact__root=root).exclude(run_id="")
        for run, *key in versions.values_list("run_id", "artifact__type", "artifact__name", "number"):
            found[(run, tuple(key))] = None
    return found


def _runs_of(root: StorageRoot, keys: list[Key], kind: str) -> Iterable[tuple[str, Key]]:
    for chunk in _chunks(keys):
        uses = Use.objects.filter(_any(chunk, ""), kind=kind, run__root=root)
        for run, *key in uses.order_by("at", "pk").values_list("run__run_id", "type", "name", "number"):
            yield run, tuple(key)


def _versions_of(root: StorageRoot, runs: list[str], kind: str) -> Iterable[tuple[str, Key]]:
    for chunk in _chunks(runs):
        uses = Use.objects.filter(kind=kind, run__root=root, run__run_id__in=chunk)
        for run, *key in uses.order_by("at", "position").values_list("run__run_id", "type", "name", "number"):
            yield run, tuple(key)


def _any(keys: list[Key], prefix: str) -> Q:
    terms = (
        Q(**{f"{prefix}type": kind, f"{prefix}name": name, "number": number}) for kind, name, number in keys
    )
    return reduce(or_, terms)


def _chunks(items: list[Any]) -> Iterable[list[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def answer(version: Version, lineage: Lineage) -> dict[str, Any]:
    """The lineage as the API has it."""
    labels = names_of(lineage)
    about = facts(version.artifact.root, lineage)
    nodes = [
        {
            "node_type": "run" if isinstance(node, str) else "artifact",
            "node_id": labels[node],
            "label": labels[node],
            "metadata": about.get(node, {}),
        }
        for node in lineage.depths
    ]
    edges = [
        {"source": labels[edge.source], "target": labels[edge.target], "edge_type": edge.kind}
        for edge in lineage.edges
    ]
    return {"root_artifact": str(version), "nodes": nodes, "edges": edges}


def names_of(lineage: Lineage) -> dict[Key | str, str]:
    """How nodes are called: a run by its id, a version `name:v3`; with its type where another type has the name too."""
    types: dict[str, str] = {lineage.root[1]: lineage.root[0]}
    for kind, name, _ in lineage.versions:
        types.setdefault(name, kind)
    found: dict[Key | str, str] = {run: run for run in lineage.runs}
    for kind, name, number in lineage.versions:
        found[kind, name, number] = f"{name}:v{number}" if types[name] == kind else f"{kind}/{name}:v{number}"
    return found


def facts(root: StorageRoot, lineage: Lineage) -> dict[Key | str, dict[str, Any]]:
    """What is known about the nodes; nothing about those that are not in the store any more."""
    found: dict[Key | str, dict[str, Any]] = {}
    for chunk in _chunks(lineage.runs):
        runs = Run.objects.in_root(root).filter(run_id__in=chunk)
        for run, project, name, status, deleted in runs.values_list(
            "run_id", "project", "name", "status", "deleted"
        ):
            found[run] = {"project": project, "name": name, "status": status, "deleted": deleted is not None}
    for chunk in _chunks(lineage.versions):
        versions = Version.objects.filter(_any(chunk, "artifact__"), artifact__root=root)
        for version in versions.select_related("artifact"):
            key = (version.artifact.type, version.artifact.name, version.number)
            found[key] = {"type": key[0], "size": version.size_bytes, "status": version.state}
    return found

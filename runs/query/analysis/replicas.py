"""Replicas of a project, and its noise floor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from runicorn.store import layout
from runicorn_tools.analysis.noise import NoiseFloor, Replicas
from runicorn_tools.analysis.replicas import rules_of, seed_of
from runs.models import Run, StorageRoot
from runs.query import counts
from runs.query.analysis.metric_values import Quantity, values_of
from runs.query.matches import Matches
from runs.query.replica_keys import fill
from runs.store.lazy_numpy import np

AT_ONCE = 500


def replica_groups(matches: Matches) -> list[list[tuple[str, Any]]]:
    """Return the groups of two and more replicas, each run with its id and seed, newest group first."""
    fill(matches.root, matches.runs)
    rows = matches.runs.exclude(replica_key=None).exclude(replica_key="").newest()
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for run_id, project, key in rows.values_list("run_id", "project", "replica_key"):
        groups[project, str(key)].append(run_id)
    several = [run_ids for run_ids in groups.values() if len(run_ids) > 1]
    members = [run_id for run_ids in several for run_id in run_ids]
    seeds: dict[str, Any] = {}
    for start in range(0, len(members), AT_ONCE):
        of_part = Run.objects.filter(root=matches.root, run_id__in=members[start : start + AT_ONCE])
        for run_id, project, config in of_part.values_list("run_id", "project", "config"):
            seeds[run_id] = seed_of(config, rules_of(matches.root.path, project))
    return [[(run_id, seeds.get(run_id)) for run_id in reversed(run_ids)] for run_ids in several]


class ProjectNoise:
    """Values of one metric of the finished replicas of a project, by group."""

    def __init__(self, groups: dict[str, list[tuple[int, float]]]) -> None:
        self._groups = list(groups.values())
        self._group_of = {pk: at for at, group in enumerate(self._groups) for pk, _ in group}
        self._replicas = Replicas([value for _, value in group] for group in self._groups)

    @classmethod
    def of(cls, root: StorageRoot, project: str, quantity: Quantity) -> ProjectNoise:
        """Read them; the result may be two seconds old."""
        key = f"noise {project}\0{quantity.name}\0{quantity.figure}"
        return counts.remembered(root, key, lambda: cls._read(root, project, quantity))

    @classmethod
    def _read(cls, root: StorageRoot, project: str, quantity: Quantity) -> ProjectNoise:
        runs = Run.objects.in_root(root).live().filter(project=project, status=layout.FINISHED)
        fill(root, runs)
        rows = sorted(runs.exclude(replica_key="").exclude(replica_key=None).values_list("pk", "replica_key"))
        keys = np.array([pk for pk, _ in rows], dtype=np.int64)
        values = values_of(root, quantity, keys).tolist()
        groups: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for (pk, key), value in zip(rows, values, strict=True):
            if value == value:  # it has the metric
                groups[str(key)].append((pk, value))
        return cls({key: group for key, group in groups.items() if len(group) > 1})

    def floor(self, without: Iterable[int] = ()) -> NoiseFloor | None:
        """Return the noise floor.

        Args:
            without: primary keys of runs that do not count, since their own spread is used.
        """
        omitted = set(without)
        changed = {self._group_of[pk] for pk in omitted if pk in self._group_of}
        return self._replicas.noise_floor(
            {at: [value for pk, value in self._groups[at] if pk not in omitted] for at in changed}
        )

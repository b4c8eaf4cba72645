"""Groups of runs, verdicts on them, and what a project compares with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from runicorn.api import urls
from runicorn.api.transport import Transport

if TYPE_CHECKING:
    from runicorn.api.responses import analysis as responses


class AnalysisAPI:
    """Groups, verdicts, replicas and baselines of the server, as `client.analysis`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def groups(
        self,
        by: str | Sequence[str],
        metrics: str | Sequence[str] = (),
        *,
        project: str | None = None,
        where: str | None = None,
        order_by: str | None = None,
        against: str | Sequence[str] = (),
        having: str | None = None,
        page: int = 1,
        per_page: int = 50,
    ) -> responses.RunGroups:
        """Return a page of groups of runs with the statistics of metrics over all members.

        Args:
            by: `group`, `project`, `name`, `status`, `host`, `tag`, `config.KEY` or `replicas`, or several of them.
            metrics: names, each with `.best`, `.last`, `.min` or `.max` for another value than its definition says.
            order_by: `key`, `n`, `failed` or `metric.NAME.mean|std|median|min|max|n`, descending with a leading minus.
            against: ids of runs, or `baseline` for that of the project: adds verdicts on each group.
            having: condition on the groups, such as `n >= 3 and metric.val_acc.mean > 0.9`.

        Raises:
            BadRequestError: an argument is invalid.
        """
        params = {
            "by": by if isinstance(by, str) else ",".join(by),
            "metrics": _texts(metrics),
            "project": project,
            "where": where,
            "order_by": order_by,
            "having": having,
            "against": ",".join(_texts(against)) or None,
            "page": page,
            "per_page": per_page,
        }
        return cast("responses.RunGroups", self._get("groups", params))

    def verdict(
        self, metric: str, a: str | Sequence[str], b: str | Sequence[str], *, level: float = 0.95
    ) -> responses.Verdict:
        """Say whether runs are better than others by a metric, and how certain that is.

        Args:
            metric: as in `groups`.
            a: the id of a run, or those of a group.
            b: the same of the baseline.
            level: confidence, from 0.5 to 0.999.

        Raises:
            NotFoundError: one of the runs does not exist.
        """
        params = {"metric": metric, "a": ",".join(_texts(a)), "b": ",".join(_texts(b)), "level": level}
        return cast("responses.Verdict", self._get("verdict", params))

    def replicas(self, project: str, where: str | None = None) -> list[responses.ReplicaGroup]:
        """Return the runs of a project that differ in nothing but their seed, in groups of two and more."""
        answer = self._get("replicas", {"project": project, "where": where})
        return cast("list[responses.ReplicaGroup]", answer["groups"])

    def importance(
        self, metric: str, *, project: str | None = None, where: str | None = None
    ) -> responses.Importance:
        """Return the hyperparameters of runs by their importance for a metric, greatest first."""
        params = {"metric": metric, "project": project, "where": where}
        return cast("responses.Importance", self._get("importance", params))

    def baseline(self, project: str) -> list[str]:
        """Return the ids of the runs that others of a project are compared with."""
        answer = self._transport.json("GET", urls.path("v2", "projects", project, "baseline"))
        return cast("list[str]", answer["run_ids"])

    def set_baseline(self, project: str, run_ids: str | Sequence[str]) -> list[str]:
        """Set the baseline of a project: a run, or several of a group; none removes it.

        Raises:
            BadRequestError: a run is not in the project.
        """
        body = {"run_ids": _texts(run_ids)}
        answer = self._transport.json("PUT", urls.path("v2", "projects", project, "baseline"), body=body)
        return cast("list[str]", answer["run_ids"])

    def replica_rules(self, project: str) -> responses.ReplicaRules:
        """Return in what the replicas of a project may differ."""
        path = urls.path("v2", "projects", project, "replica-rules")
        return cast("responses.ReplicaRules", self._transport.json("GET", path))

    def set_replica_rules(
        self, project: str, seed_keys: Sequence[str] = (), *, compare_packages: bool = False
    ) -> responses.ReplicaRules:
        """Set in what the replicas of a project may differ.

        Args:
            seed_keys: config keys, beside those of seeds.
            compare_packages: whether runs with different versions of packages are no replicas.
        """
        path = urls.path("v2", "projects", project, "replica-rules")
        body = {"seed_keys": _texts(seed_keys), "compare_packages": compare_packages}
        return cast("responses.ReplicaRules", self._transport.json("PUT", path, body=body))

    def formulas(self, project: str) -> list[responses.Formula]:
        """Return the formulas of a project by name."""
        path = urls.path("v2", "projects", project, "formulas")
        return cast("list[responses.Formula]", self._transport.json("GET", path))

    def define_formula(self, project: str, name: str, formula: str) -> responses.Formula:
        """Define a metric that is computed from others, or replace that of the same name.

        Args:
            name: by which it is asked for like a metric.
            formula: such as `val_loss - train_loss` or `ema(loss, 0.99)`.

        Raises:
            BadRequestError: the formula is malformed, or a metric has that name.
        """
        path = urls.path("v2", "projects", project, "formulas")
        body = {"name": name, "formula": formula}
        return cast("responses.Formula", self._transport.json("POST", path, body=body))

    def delete_formula(self, project: str, name: str) -> None:
        """Delete a formula.

        Raises:
            NotFoundError: there is no such formula.
        """
        self._transport.json("DELETE", urls.path("v2", "projects", project, "formulas", name))

    def _get(self, route: str, params: dict[str, Any]) -> Any:
        return self._transport.json("GET", urls.path("v2", route), params=urls.query(params))


def _texts(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)

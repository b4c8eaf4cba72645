"""Views of the page of groups."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import NotFound, ValidationError

from metrics.api.formulas import define, delete
from metrics.pages.groups.board import Board, board, newest_members
from runicorn.store.project import analysis
from runicorn_site.web.access import Scope, Subject, access
from runicorn_site.web.conditional import at_a_moment
from runicorn_site.web.messages import translated
from runicorn_tools.analysis import formulas
from runs.active_root import active_root
from runs.models import Run, StorageRoot
from runs.pages.project import project_or_404
from runs.pages.table.state import group_of
from runs.query import keys, usual_metric, where_keys
from runs.query.analysis import grouping
from runs.query.analysis.answers import baseline_runs
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.query.where.parser import BadWhere
from runs.services import analysis as services
from runs.services.dead_runs import refresh_before_listing

NOTHING = ""
REFUSED = ("problem", "name", "formula")
"""Fields of the address after a refused formula: what is wrong, and what was typed."""


@access(Scope.READ)
@at_a_moment
@require_safe
def groups_page(request: HttpRequest, project: str) -> HttpResponse:
    """Show the groups of a project, best first, with ties, verdicts and a pivot table."""
    root = project_or_404(project)
    refresh_before_listing(root)
    content = analysis.read(Path(root.path), project)
    metrics = keys.metric_keys(root, project)
    metric = request.GET.get("metric") or _usual_metric(root, project, metrics)
    by, where = _choice(request.GET)
    base = baseline_runs(root, content["baseline"])
    context: dict[str, Any] = {"problem": "", "board": Board()}
    try:
        matches, valid = _grouped(root, project, by, where)
        if metric:
            context["board"] = board(matches, project, valid, metric, base)
    except BadWhere as error:
        context["problem"] = translated(error.sentence)
    except grouping.UnknownGrouping:
        context["problem"] = _("These runs cannot be grouped so.")
    context |= {
        "project": project,
        "metrics": metrics,
        "metric": metric,
        "by": by[0],
        "columns": by[1],
        "where": where,
        "choices": _choices(root, project),
        "baseline": base,
        "most": analysis.MOST_RUNS,
        "address": request.GET.urlencode(),
        "formulas": sorted(content["formulas"].items()),
        "refused": {name: request.GET.get(name, "") for name in REFUSED},
    }
    return render(request, "metrics/groups.html", context)


@access(Scope.CURATE, Subject.PROJECT)
@require_POST
def change_baseline(request: HttpRequest, project: str) -> HttpResponse:
    """Set the baseline of a project to all runs of a group, the newest of very many, or remove it.

    Raises:
        ValidationError: the group has no runs, or its condition is invalid.
    """
    root, run_ids = active_root(), []
    if text := request.POST.get("group", ""):
        by, where = _choice(QueryDict(request.POST.get("address", "")))
        try:
            matches, valid = _grouped(root, project, by, where)
        except BadWhere as error:
            raise ValidationError({"where": [translated(error.sentence)]}) from error
        if not (run_ids := newest_members(matches, valid, group_of(text)[0])):
            raise ValidationError({"group": [_("This group has no runs.")]})
    services.set_baseline(root=root, project=project, run_ids=run_ids)
    return _back(request, project)


@access(Scope.CURATE, Subject.PROJECT)
@require_POST
def add_formula(request: HttpRequest, project: str) -> HttpResponse:
    """Define a formula, or change the name or the text of one (`replaces`), and show its groups."""
    name, text = request.POST.get("name", "").strip(), request.POST.get("formula", "")
    root, replaces, problem = active_root(), request.POST.get("replaces", ""), ""
    try:
        logged = keys.metric_keys(root, project)
        if unknown := [metric for metric in formulas.metrics(formulas.parse(text)) if metric not in logged]:
            problem = _("No run of this project logs {names}.").format(names=", ".join(unknown))
        else:
            define(root, project, name, text, replaces)
    except formulas.BadFormula as error:
        problem = translated(error.args[0])
    except NotFound:
        problem = _("This formula was deleted.")
    except ValidationError:
        problem = _("A metric or formula has this name already, or the name is not valid.")
    if not problem:
        return _back(request, project, metric=name)
    typed = {} if replaces else {"name": name, "formula": text}
    return _back(request, project, problem=problem, **typed)


@access(Scope.CURATE, Subject.PROJECT)
@require_POST
def delete_formula(request: HttpRequest, project: str) -> HttpResponse:
    """Delete a formula; the page then shows the metric that it showed, or the usual one."""
    name = request.POST.get("name", "")
    with suppress(NotFound):  # another request deleted it
        delete(active_root(), project, name)
    metric = QueryDict(request.POST.get("address", "")).get("metric", "")
    return _back(request, project, metric="" if metric == name else metric)


def _choice(query: QueryDict) -> tuple[list[str], str]:
    """Return the two keys to group by, the second of which may be empty, and the condition."""
    by = [query.get("by") or grouping.REPLICAS, query.get("columns") or NOTHING]
    return by, query.get("where", "").strip()


def _grouped(root: StorageRoot, project: str, by: Sequence[str], where: str) -> tuple[Matches, list[str]]:
    """Return the runs to group, and the valid keys.

    Raises:
        BadWhere: the condition is malformed.
        grouping.UnknownGrouping: a key is unknown.
    """
    valid = grouping.parse_keys(",".join(key for key in by if key))
    node = where_keys.parse(root, where, project) if where else None
    return find_runs(root, project=project, where=node), valid


def _back(request: HttpRequest, project: str, **changes: str) -> HttpResponse:
    query = QueryDict(request.POST.get("address", "")).dict()
    query = {name: value for name, value in query.items() if name not in REFUSED} | changes
    return redirect(f"{reverse('project-groups', args=[project])}?{urlencode(query)}")


def _usual_metric(root: StorageRoot, project: str, metrics: list[str]) -> str:
    """Return the primary metric of the newest runs, or the one that lists show instead."""
    newest = list(Run.objects.in_root(root).live().filter(project=project).newest()[:20])
    primary = [run.best_metric_name for run in newest if run.best_metric_name in metrics]
    if primary:
        return primary[0] or NOTHING
    usual = usual_metric.of_newest([run.pk for run in newest]) if newest else None
    return usual if usual in metrics else next(iter(metrics), NOTHING)


def _choices(root: StorageRoot, project: str) -> list[tuple[str, str]]:
    """Return the grouping keys with their labels."""
    fixed = [
        (grouping.REPLICAS, _("replicas (all but the seed)")),
        ("group", _("group")),
        ("name", _("name")),
        (grouping.TAG, _("tag")),
        ("host", _("host")),
    ]
    return fixed + [(f"{grouping.CONFIG}{key}", key) for key in keys.config_keys(root, project)]

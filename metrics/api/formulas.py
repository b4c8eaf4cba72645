"""Routes of formulas: metrics of a project that are computed from others."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from metrics.query.formulas import definitions, index
from runicorn.api.responses.analysis import Formula
from runicorn.api.responses.remote import Done
from runicorn.store.layout import RESERVED_METRICS
from runicorn.store.project import analysis
from runicorn_site.web.access import Scope, Subject
from runicorn_site.web.endpoint import endpoint
from runicorn_site.web.serializers import Body
from runicorn_tools.analysis import formulas
from runs.active_root import active_root
from runs.models import StorageRoot
from runs.query import keys
from runs.services import analysis as services

ERRORS = (400, 403, 404)


class FormulaBody(Body):
    """A formula and its name."""

    name = serializers.CharField(
        max_length=analysis.NAME_LENGTH, help_text="By which it is asked for like a metric."
    )
    formula = serializers.CharField(
        max_length=analysis.FORMULA_LENGTH,
        trim_whitespace=False,
        help_text="For example `val_loss - train_loss` or `ema(loss, 0.99) / first(loss)`.",
    )

    def validate_formula(self, text: str) -> str:
        """Refuse a malformed formula."""
        try:
            formulas.parse(text)
        except formulas.BadFormula as error:
            raise serializers.ValidationError(str(error)) from error
        return text


class FormulaListView(APIView):
    """The formulas of a project."""

    @endpoint(scope=Scope.READ, returns=list[Formula], errors=ERRORS)
    def get(self, request: Request, project: str) -> Response:
        """List the formulas of a project by name; one that cannot be used has an `error`."""
        texts = services.read(active_root(), project)["formulas"]
        return Response([formula_entry(name, text) for name, text in sorted(texts.items())])

    @endpoint(
        scope=Scope.CURATE,
        subject=Subject.PROJECT,
        body=FormulaBody,
        returns={201: Formula},
        errors=ERRORS,
    )
    def post(self, request: Request, project: str, body: dict[str, Any]) -> Response:
        """Define a formula, or replace that of the same name. 400 names the position of what is wrong."""
        define(active_root(), project, body["name"], body["formula"])
        return Response(formula_entry(body["name"], body["formula"]), status=status.HTTP_201_CREATED)


class FormulaView(APIView):
    """One formula."""

    @endpoint(scope=Scope.CURATE, subject=Subject.PROJECT, returns=Done, errors=ERRORS, request=None)
    def delete(self, request: Request, project: str, name: str) -> Response:
        """Delete a formula; the metrics that it was computed from stay."""
        delete(active_root(), project, name)
        return Response(Done(ok=True, message=f"Formula deleted: {name}"))


def delete(root: StorageRoot, project: str, name: str) -> None:
    """Delete a formula with its statistics.

    Raises:
        NotFound: the project or the formula does not exist.
    """
    if name not in services.read(root, project)["formulas"]:
        raise NotFound(f"Formula not found: {name}")

    def change(content: analysis.Analysis) -> None:
        content["formulas"].pop(name, None)

    services.update(root, project, change)
    definitions.invalidate(root.path)
    index.forget(root, project, name)


def define(root: StorageRoot, project: str, name: str, text: str, replaces: str = "") -> None:
    """Write a valid formula, and compute its statistics for some of the runs.

    Args:
        replaces: the formula that gets this name and text.

    Raises:
        ValidationError: a metric, or another formula than the replaced one, is called so.
        NotFound: the project or the replaced formula does not exist.
    """
    texts = services.read(root, project)["formulas"]
    if replaces and replaces not in texts:
        raise NotFound(f"Formula not found: {replaces}")
    if replaces and name != replaces and name in texts:
        raise ValidationError({"name": [f"A formula is called {name}"]})
    logged = set(keys.metric_keys(root, project)) if name not in texts else set()
    if name in RESERVED_METRICS or name in logged:
        raise ValidationError({"name": [f"A metric is called {name}"]})
    if name in formulas.metrics(formulas.parse(text)):
        raise ValidationError({"formula": ["A formula cannot refer to itself"]})

    def change(content: analysis.Analysis) -> None:
        if replaces != name:
            content["formulas"].pop(replaces, None)
        content["formulas"][name] = text

    services.update(root, project, change)
    definitions.invalidate(root.path)
    for changed in {name, replaces or name}:
        index.forget(root, project, changed)
    index.prepare(root, {name})


def formula_entry(name: str, text: str) -> Formula:
    """Return a formula as a response."""
    try:
        return {"name": name, "formula": text, "metrics": formulas.metrics(formulas.parse(text))}
    except formulas.BadFormula as error:
        return {"name": name, "formula": text, "metrics": [], "error": str(error)}

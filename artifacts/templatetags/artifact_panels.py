"""Panels of artifacts on the pages of runs."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from django import template
from django.template import Context
from django.utils.translation import gettext as _

from artifacts.api import responses
from artifacts.index import discovery, usage_links
from artifacts.models import Use
from runicorn.api.responses.artifacts import UsedVersion
from runicorn.store.process_identity import host_identity
from runicorn_site.web.actor import is_shared
from runs.models import Run

register = template.Library()
MOST = 200
"""Maximum number of versions in each of the two lists."""


class Versions(TypedDict):
    """The versions that a run made, or those that it used."""

    label: str
    versions: list[UsedVersion]
    left_out: int


class ArtifactPanel(TypedDict):
    elsewhere: NotRequired[str]
    shared: NotRequired[bool]
    """Whether the page is read by a shared link, which shows no artifacts."""
    kinds: list[Versions]


@register.inclusion_tag("artifacts/_run_panel.html", takes_context=True)
def artifact_panel(context: Context, run: Run) -> ArtifactPanel:
    """Render the versions that a run made and used; nothing if it has none."""
    if not run.artifacts_created_count + run.artifacts_used_count:
        return {"kinds": []}
    usage_links.catch_up(run)
    discovery.refresh_all(run.root)
    kinds = [
        (_("Outputs"), responses.uses_of_run(run, Use.MADE)),
        (_("Inputs"), responses.uses_of_run(run, Use.USED)),
    ]
    here = host_identity()["machine_id"]
    return {
        "shared": is_shared(context["request"]),
        # The versions of a mirrored run may exist only on its own machine.
        "elsewhere": run.hostname if run.machine_id and run.machine_id != here else "",
        "kinds": [
            {"label": label, "versions": versions[:MOST], "left_out": max(0, len(versions) - MOST)}
            for label, versions in kinds
        ],
    }

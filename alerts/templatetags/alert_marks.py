"""Template tags of alerts on other pages: the counter in the navigation, and the notices of a run."""

from __future__ import annotations

import logging
from typing import TypedDict

from django import template
from django.db import DatabaseError
from django.db.models import Count, Max

from alerts import services
from alerts.models import AlertEvent
from runs.errors import NoActiveRoot
from runs.models import Run
from runs.query.where.completion import quoted

register = template.Library()
logger = logging.getLogger(__name__)
MOST_OF_RUN = 3


class Unseen(TypedDict):
    """Unacknowledged events: their number, and the id of the newest."""

    count: int
    newest: int


@register.simple_tag
def unseen_alerts() -> Unseen:
    """Count the unacknowledged events; none while the database is not available."""
    try:
        totals = services.unseen_events().aggregate(count=Count("pk"), newest=Max("pk"))
    except (DatabaseError, NoActiveRoot) as error:
        logger.debug("Alerts cannot be counted: %s", error)
        return {"count": 0, "newest": 0}
    return {"count": totals["count"], "newest": totals["newest"] or 0}


@register.simple_tag
def unseen_alerts_of(run: Run) -> list[AlertEvent]:
    """Return the newest unacknowledged events of a run; none while the database is not available."""
    try:
        return list(services.unseen_events().filter(run_id=run.run_id).order_by("-id")[:MOST_OF_RUN])
    except (DatabaseError, NoActiveRoot) as error:
        logger.debug("Alerts of %s cannot be read: %s", run.run_id, error)
        return []


@register.filter
def as_condition(run_id: str) -> str:
    """Return the `where` condition that only one run meets."""
    return f"id = {quoted(run_id)}"

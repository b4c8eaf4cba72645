"""Page of alerts: events, rules and channels."""

from __future__ import annotations

from typing import NamedTuple, TypedDict
from urllib.parse import urlencode

from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from alerts import services
from alerts.models import AlertChannel, AlertEvent, with_runs
from alerts.pages.forms import KIND_LABELS
from alerts.pages.templates import TEMPLATES
from runicorn_site.web.access import Scope, access
from runicorn_site.web.paginator import Page, Paginator

SIZE = 50
MOST_NEWS = 5
LARGEST = 2**62


class Filters(NamedTuple):
    unseen: bool
    run: str
    rule: int | None
    """0 for alerts that scripts raised."""

    @classmethod
    def read(cls, request: HttpRequest) -> Filters:
        rule = request.GET.get("rule", "")
        number = int(rule) if rule.isascii() and rule.isdigit() and len(rule) < 18 else None
        run = request.GET.get("run", "").replace("\0", "")[:255]
        return cls(request.GET.get("show") != "all", run, number)

    def address(self, page: int = 1) -> str:
        rule = "" if self.rule is None else str(self.rule)
        query = {"show": "" if self.unseen else "all", "run": self.run, "rule": rule}
        params = {name: value for name, value in query.items() if value}
        return f"{reverse('alerts')}?{urlencode(params | ({'page': page} if page > 1 else {}))}"


@access(Scope.READ)
@require_safe
def alerts_page(request: HttpRequest) -> HttpResponse:
    """Show what fired, the rules and the channels."""
    filters = Filters.read(request)
    rules = services.rules("name", "pk")
    channels = list(AlertChannel.objects.order_by("name", "pk"))
    context = {
        "page": _events(filters, request.GET.get("page", "")),
        "filters": filters,
        "all_address": filters._replace(unseen=False).address(),
        "unseen_address": filters._replace(unseen=True).address(),
        "rules": [(rule, KIND_LABELS.get(rule.when.get("kind"), "")) for rule in rules],
        "channels": channels,
        "templates": TEMPLATES,
        "unseen": services.unseen_events().count(),
        "newest": services.unseen_events().aggregate(newest=Max("pk"))["newest"] or 0,
    }
    return render(request, "alerts/alerts.html", context)


def _events(filters: Filters, number: str) -> Page:
    matches = services.unseen_events() if filters.unseen else services.events()
    if filters.run:
        matches = matches.filter(run_id=filters.run)
    if filters.rule is not None:
        matches = matches.filter(rule_id=filters.rule or None)
    ordered = matches.prefetch_related("deliveries__channel").order_by("-at", "-pk")
    page = Paginator(ordered, SIZE, count=matches.count(), address=filters.address).get_page(number)
    with_runs(page.object_list)
    return page


@access(Scope.CURATE)
@require_POST
def acknowledge(request: HttpRequest) -> HttpResponseRedirect:
    """Acknowledge the event whose button was pressed, or all."""
    filters = Filters.read(request)
    only = request.POST.get("only", "")
    if only.isascii() and only.isdigit() and int(only) < LARGEST:
        services.acknowledge([int(only)])
    elif request.POST.get("all") == "true":
        newest = request.POST.get("newest", "")
        # What fired while the page was open has not been seen.
        newest_pk = int(newest) if newest.isascii() and newest.isdigit() and len(newest) < 18 else 0
        services.unseen_events().filter(pk__lte=newest_pk).update(acknowledged=True)
    return HttpResponseRedirect(filters.address())


@access(Scope.CURATE)
@require_POST
def switch_rule(request: HttpRequest, key: int) -> HttpResponseRedirect:
    services.save_rule({"enabled": request.POST.get("enabled") == "true"}, key)
    return redirect("alerts")


class News(TypedDict):
    """An event that a page announces."""

    id: int
    title: str
    sentence: str
    run: str
    url: str


@access(Scope.READ)
@require_safe
def news(request: HttpRequest) -> JsonResponse:
    """Return the number of unacknowledged events, and the newest of them after `after`."""
    text = request.GET.get("after", "")
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else LARGEST
    unseen = services.unseen_events()
    newest = unseen.order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = unseen.filter(pk__gt=after).order_by("-pk")
    return JsonResponse(
        {
            "unseen": unseen.count(),
            "newest": newest,
            "count": rows.count(),
            "events": [_news(row) for row in with_runs(rows[:MOST_NEWS])],
        }
    )


def _news(row: AlertEvent) -> News:
    run = row.run
    url = reverse("alerts") if run is None else reverse("run", args=[run.run_id])
    return {
        "id": row.pk,
        "title": row.title,
        "sentence": row.translated,
        "run": "" if run is None else f"{run.project}/{run.label}",
        "url": url,
    }

"""Form actions that start and stop the demo."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from runicorn_site.server.demo import CannotStart, demo
from runicorn_site.web.access import Scope, access


@access(Scope.ADMIN)
@require_POST
def start_demo(request: HttpRequest) -> HttpResponse:
    """Start training the demo, and redirect to the runs table."""
    try:
        demo.start()
    except CannotStart as error:
        context = {
            "status": 409,
            "title": gettext("The demo was not started"),
            "sentence": gettext(str(error)),
        }
        return render(request, "error.html", context, status=409)
    return redirect("runs")


@access(Scope.ADMIN)
@require_POST
def cancel_demo(request: HttpRequest) -> HttpResponse:
    """Stop the demo; its runs stay."""
    demo.cancel()
    return redirect("runs")


page_patterns = [
    path("demo/start", start_demo, name="start-demo"),
    path("demo/cancel", cancel_demo, name="cancel-demo"),
]

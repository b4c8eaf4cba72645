"""The page that shows how a store of another machine is mirrored into the one that is shown here."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from remote import choosing, mirroring
from runs.active import active_root


@require_POST
def start_mirror(request: HttpRequest) -> HttpResponse:
    """Begin to mirror, and lead to the page that shows how far it is."""
    asked = request.POST
    connection_id = asked.get("connection", "")
    choice = choosing.choice(connection_id, asked.get("environment", ""))
    made = mirroring.start(
        connection_id=connection_id,
        root=asked.get("root", "").strip() or choice.environment.root,
        into=Path(active_root().path),
        python=choice.environment.path if choice.fits else "",
    )
    return redirect("remote-mirror", made.id)


start_mirror.waits_for_host = True  # type: ignore[attr-defined]


@require_safe
def mirror_page(request: HttpRequest, mirror_id: str) -> HttpResponse:
    """How far it is, and what came of it. For scripts what changes alone."""
    fragment = "HX-Request" in request.headers
    context = {"mirror": mirroring.mirroring(mirror_id)}
    return render(request, f"remote/{'_mirror' if fragment else 'mirror'}.html", context)


page_patterns = [
    path("remote/mirrors", start_mirror, name="remote-start-mirror"),
    path("remote/mirrors/<str:mirror_id>", mirror_page, name="remote-mirror"),
]

"""Pages of mirrors: copies of a remote store into the active one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from remote.pages.forms import MirrorForm
from remote.services import connections, environments, mirrors
from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import remote_io
from runs.active_root import active_root


@access(Scope.ADMIN)
@remote_io
@require_POST
def start_mirror(request: HttpRequest) -> HttpResponse:
    form = MirrorForm(request.POST)
    form.full_clean()
    connection_id, environment, root = (
        form.cleaned_data.get(name, "") for name in ("connection", "environment", "root")
    )
    choice = environments.choice(connection_id, environment)
    mirror = mirrors.start(
        connection_id=connection_id,
        root=root or choice.environment.root,
        into=Path(active_root().path),
        environment=choice.environment.name,
        python=choice.environment.path if choice.fits else "",
    )
    return redirect("remote-mirror", mirror.id)


@access(Scope.ADMIN)
@require_safe
def mirror_page(request: HttpRequest, mirror_id: str) -> HttpResponse:
    """Show progress and result; with `HX-Request` only the part that changes."""
    fragment = "HX-Request" in request.headers
    mirror = mirrors.get_mirror(mirror_id)
    connected = any(
        connection["connection_id"] == mirror.connection_id for connection in connections.connections()
    )
    context = {"mirror": mirror, "can_restart": connected and mirror.state != "running"}
    return render(request, f"remote/{'_mirror' if fragment else 'mirror'}.html", context)


@access(Scope.ADMIN)
@remote_io
@require_POST
def cancel_mirror(request: HttpRequest, mirror_id: str) -> HttpResponse:
    return redirect("remote-mirror", mirrors.cancel(mirror_id=mirror_id).id)


@access(Scope.ADMIN)
@require_POST
def forget_mirror(request: HttpRequest, mirror_id: str) -> HttpResponse:
    with suppress(mirrors.MirrorNotFound):  # already removed
        mirrors.forget(mirror_id=mirror_id)
    return redirect("remote")


page_patterns = [
    path("remote/mirrors", start_mirror, name="remote-start-mirror"),
    path("remote/mirrors/<str:mirror_id>", mirror_page, name="remote-mirror"),
    path("remote/mirrors/<str:mirror_id>/cancel", cancel_mirror, name="remote-cancel-mirror"),
    path("remote/mirrors/<str:mirror_id>/forget", forget_mirror, name="remote-forget-mirror"),
]

"""The pages of other machines. What they change is in `remote/pages/actions.py`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from remote.pages.context import (
    folder_context,
    home_context,
    live_context,
    machine,
    machine_address,
    start_context,
    viewer_context,
)
from remote.services import environments, viewers
from runicorn_site.web.pools import blocking, remote_io


@blocking
@require_safe
def remote_page(request: HttpRequest) -> HttpResponse:
    """Other machines: the viewers there, the connections, the saved hosts. For scripts the first two alone."""
    if "HX-Request" in request.headers:
        return render(request, "remote/_live.html", live_context())
    return render(request, "remote/home.html", home_context(request))


@remote_io
@require_safe
def machine_page(request: HttpRequest) -> HttpResponse:
    """The Pythons of a connected machine; they are looked for by a second request, which may take a while."""
    connection_id = request.GET.get("connection", "")
    told = machine(connection_id)
    fragment = "HX-Request" in request.headers
    looking = fragment or "look" in request.GET
    choices = environments.look(connection_id) if looking else environments.known(connection_id)
    context = {
        "machine": told,
        "choices": choices,
        "fitting": any(choice.fits for choice in choices or []),
        "look": machine_address(connection_id, look="1"),
    }
    return render(request, f"remote/{'_environments' if fragment else 'machine'}.html", context)


@remote_io
@require_safe
def start_page(request: HttpRequest) -> HttpResponse:
    """What a viewer in the chosen environment is to show; where none can be started, what to do about it."""
    asked = request.GET
    typed = {"root": asked.get("root", "")}
    context = start_context(asked.get("connection", ""), asked.get("environment", ""), typed)
    return render(request, "remote/start.html", context)


@remote_io
@require_safe
def folders_page(request: HttpRequest) -> HttpResponse:
    """The folders of a connected machine, to choose one."""
    asked = request.GET
    context = folder_context(
        asked.get("connection", ""), asked.get("environment", ""), asked.get("path", "") or "~"
    )
    return render(request, "remote/folders.html", context)


@require_safe
def viewer_page(request: HttpRequest, session_id: str) -> HttpResponse:
    """How far the start of a viewer is, and how it is since then. For scripts what changes alone."""
    context = viewer_context(viewers.viewer_session(session_id=session_id))
    fragment = "HX-Request" in request.headers
    return render(request, f"remote/{'_viewer' if fragment else 'viewer'}.html", context)


@require_safe
def open_viewer(request: HttpRequest, session_id: str) -> HttpResponse:
    """Lead to a viewer, by an address that is good once and was made a moment ago."""
    session = viewers.viewer_session(session_id=session_id)
    if session.state == "connecting":
        return redirect("remote-viewer", session_id)
    answer = redirect(same_site(request, session.url))
    answer["Cache-Control"] = "no-store"
    return answer


def same_site(request: HttpRequest, url: str) -> str:
    """The address under the name of this machine that the browser knows it by.

    A browser that is led from 127.0.0.1 to localhost goes to another site, and keeps the cookie that it gets there to itself.
    """
    here = request.get_host().partition(":")[0]
    return url.replace("//localhost:", f"//{here}:", 1) if here == "127.0.0.1" else url

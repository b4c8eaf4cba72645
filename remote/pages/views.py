"""Pages about remote hosts. Views that change something are in `remote/pages/actions.py`."""

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
)
from remote.pages.viewer_context import start_context, viewer_context
from remote.services import environments, viewers
from runicorn_site.web.pools import blocking, remote_io


@blocking
@require_safe
def remote_page(request: HttpRequest) -> HttpResponse:
    """Show viewers, mirrors, connections and saved hosts; with `HX-Request` only the parts that change."""
    if "HX-Request" in request.headers:
        return render(request, "remote/_live.html", live_context())
    return render(request, "remote/home.html", home_context(request))


@remote_io
@require_safe
def machine_page(request: HttpRequest) -> HttpResponse:
    """Show the Python environments of a connected host; a second request searches for them, which may take seconds."""
    connection_id = request.GET.get("connection", "")
    host = machine(connection_id)
    fragment = "HX-Request" in request.headers
    refresh = fragment or "refresh" in request.GET
    choices = environments.discover(connection_id) if refresh else environments.last_discovered(connection_id)
    context = {
        "machine": host,
        "choices": choices,
        "fitting": any(choice.fits for choice in choices or []),
        "refresh_url": machine_address(connection_id, refresh="1"),
        "start_url": machine_address(connection_id, "remote-start"),
    }
    return render(request, f"remote/{'_environments' if fragment else 'machine'}.html", context)


@remote_io
@require_safe
def start_page(request: HttpRequest) -> HttpResponse:
    """Show the form that starts a viewer in an environment, or how to set the environment up."""
    query = request.GET
    entered = {"root": query.get("root", "")}
    context = start_context(query.get("connection", ""), query.get("environment", ""), entered)
    return render(request, "remote/start.html", context)


@remote_io
@require_safe
def folders_page(request: HttpRequest) -> HttpResponse:
    """Show the folders of a connected host to choose one."""
    query = request.GET
    context = folder_context(
        query.get("connection", ""), query.get("environment", ""), query.get("path", "") or "~"
    )
    return render(request, "remote/folders.html", context)


@require_safe
def viewer_page(request: HttpRequest, session_id: str) -> HttpResponse:
    """Show the status of a viewer; with `HX-Request` only the part that changes."""
    context = viewer_context(viewers.viewer_session(session_id=session_id))
    fragment = "HX-Request" in request.headers
    return render(request, f"remote/{'_viewer' if fragment else 'viewer'}.html", context)


@require_safe
def open_viewer(request: HttpRequest, session_id: str) -> HttpResponse:
    """Redirect to a viewer with a new single-use link."""
    session = viewers.viewer_session(session_id=session_id)
    if session.state == "connecting":
        return redirect("remote-viewer", session_id)
    answer = redirect(same_site(request, session.url))
    answer["Cache-Control"] = "no-store"
    return answer


def same_site(request: HttpRequest, url: str) -> str:
    """Return a URL with the host name under which the browser reached this server.

    To a browser, 127.0.0.1 and localhost are two sites: a cookie set by one is not sent to the other.
    """
    here = request.get_host().partition(":")[0]
    return url.replace("//localhost:", f"//{here}:", 1) if here == "127.0.0.1" else url

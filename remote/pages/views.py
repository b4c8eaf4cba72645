"""Pages about remote hosts. Views that change something are in `remote/pages/actions.py`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from remote.api.requests_viewers import session_to_dict
from remote.errors import ConnectionNotFound, RemoteError
from remote.pages.context import NOTICES, live_context, machine, machine_address, pending_logins
from remote.pages.forms import sentence_of
from remote.pages.viewer_context import advice, stages, start_context
from remote.services import connections as services
from remote.services import environments, viewers
from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking, remote_io

MOST_FOLDERS = 500


@access(Scope.ADMIN)
@blocking
@require_safe
def remote_page(request: HttpRequest) -> HttpResponse:
    """Show viewers, mirrors, connections and saved hosts; with `HX-Request` only the parts that change."""
    if "HX-Request" in request.headers:
        return render(request, "remote/_live.html", live_context())
    pending_logins.sweep()
    notice = request.GET.get("notice", "")
    context = {
        **live_context(),
        "notice": NOTICES.get(notice),
        "is_expired": notice == "expired",
    }
    return render(request, "remote/home.html", context)


@access(Scope.ADMIN)
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


@access(Scope.ADMIN)
@remote_io
@require_safe
def start_page(request: HttpRequest) -> HttpResponse:
    """Show the form that starts a viewer in an environment, or how to set the environment up."""
    query = request.GET
    entered = {"root": query.get("root", "")}
    context = start_context(query.get("connection", ""), query.get("environment", ""), entered)
    return render(request, "remote/start.html", context)


@access(Scope.ADMIN)
@remote_io
@require_safe
def folders_page(request: HttpRequest) -> HttpResponse:
    """Show the folders of a connected host to choose one; for a missing folder the nearest one above it."""
    query = request.GET
    connection_id, environment = query.get("connection", ""), query.get("environment", "")
    path = query.get("path", "") or "~"
    context: dict[str, object] = {
        "machine": machine(connection_id),
        "environment": environment,
        "environments_url": machine_address(connection_id),
        "start_url": machine_address(connection_id, "remote-start", environment=environment),
        "path": path,
    }

    def url(folder: str) -> str:
        return machine_address(connection_id, "remote-folders", environment=environment, path=folder)

    try:
        folder, exists = services.nearest_folder(connection_id=connection_id, path=path)
    except ConnectionNotFound:
        raise
    except RemoteError as error:
        context |= {"error": sentence_of(str(error.detail)), "home_url": url("~")}
        return render(request, "remote/folders.html", context)
    inside = folder.path.rstrip("/")
    parts = [part for part in folder.path.split("/") if part]
    parents = [(part, url("/" + "/".join(parts[: n + 1]))) for n, part in enumerate(parts)]
    folders = [(item.name, url(f"{inside}/{item.name}")) for item in folder.items if item.is_dir]
    context |= {
        "path": folder.path,
        "missing": "" if exists else path,
        "parents": [("/", url("/")), *parents],
        "folders": folders[:MOST_FOLDERS],
        "more": max(0, len(folders) - MOST_FOLDERS),
        "files": len(folder.items) - len(folders),
        "truncated": folder.truncated,
        "use_url": machine_address(connection_id, "remote-start", environment=environment, root=folder.path),
    }
    return render(request, "remote/folders.html", context)


@access(Scope.ADMIN)
@require_safe
def viewer_page(request: HttpRequest, session_id: str) -> HttpResponse:
    """Show the status of a viewer; with `HX-Request` only the part that changes."""
    session = session_to_dict(viewers.viewer_session(session_id=session_id))
    connection_id = session["connection_id"]
    context = {
        "session": session,
        "stages": stages(session["status"], session["stage"]),
        "is_pending": session["status"] in ("connecting", "reconnecting"),
    }
    if session["status"] == "failed":
        is_open = any(connection["connection_id"] == connection_id for connection in services.connections())
        context["advice"] = advice(session["stage"], is_open)
        context["can_connect"] = not is_open
        if is_open:
            arguments = {"environment": session["conda_env"], "root": session["remote_root"]}
            context["retry_url"] = machine_address(connection_id, "remote-start", **arguments)
            context["environments_url"] = machine_address(connection_id)
    fragment = "HX-Request" in request.headers
    return render(request, f"remote/{'_viewer' if fragment else 'viewer'}.html", context)


@access(Scope.ADMIN)
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

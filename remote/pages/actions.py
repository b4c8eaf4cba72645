"""Views that change connections, saved hosts and viewers, by forms."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from remote.connections import repository
from remote.errors import (
    AuthenticationFailed,
    ConnectionNotFound,
    HostKeyConflict,
    InvalidInput,
    RemoteError,
    RemoteUnavailable,
)
from remote.pages.context import (
    PendingLogin,
    browser,
    host_context,
    machine_address,
    pending_logins,
    saved_login,
)
from remote.pages.forms import InvalidField, Login, LoginForm, StartForm, of_saved, require_valid, sentence_of
from remote.pages.viewer_context import start_context
from remote.services import connections, viewers
from remote.ssh import known_hosts
from remote.ssh.address import InvalidAddress, from_id
from remote.ssh.credentials import Credentials
from remote.viewers.errors import SessionNotFound
from remote.viewers.session import SessionParameters
from runicorn_site.web.access import Scope, access
from runicorn_site.web.pools import blocking, remote_io

NEW = {"way": "password", "port": 22, "keep": True, "remember": False}


@access(Scope.ADMIN)
@remote_io
@require_http_methods(["GET", "HEAD", "POST"])
def host_page(request: HttpRequest) -> HttpResponse:
    """Show the login form; on POST connect, or save without connecting."""
    key = request.POST.get("key", "") or request.GET.get("key", "")
    if request.method != "POST":
        entered = {**_without_secrets(key).public_values(), "keep": True} if key else NEW
        return render(request, "remote/host.html", host_context(entered, key))
    entered = {name: text for name, text in request.POST.items() if name in _SHOWN}
    try:
        login = LoginForm(request.POST).login(_saved_login(key))
        if "save" in request.POST:
            return _save_only(login, key)
    except InvalidField as error:
        return _show_error(request, entered, key, error.field, str(error), 400)
    except RemoteError as error:
        return _show_error(request, entered, key, *_parts(error))
    return _connect(request, login, key)


def _without_secrets(key: str) -> Login:
    return of_saved(repository.saved_connection(key), Credentials())


def _saved_login(key: str) -> Login | None:
    """Return the saved login, without its secrets if they can no longer be decrypted."""
    try:
        return saved_login(key)
    except InvalidInput:
        return _without_secrets(key)


_SHOWN = ("host", "port", "username", "name", "way", "private_key_path", "keep", "remember")


def _save_only(login: Login, key: str) -> HttpResponse:
    """Save without connecting; a changed address replaces the old entry."""
    _save(login)
    before = repository.saved_connection(key) if key else None
    if before is not None and before.address != login.address:
        repository.delete_connection(before.key)
    return redirect(f"{reverse('remote')}?notice=saved")


def _save(login: Login) -> None:
    repository.save_connection(
        address=login.address,
        auth_method=login.method,
        name=login.name,
        remember=login.remember,
        private_key_path=login.path or None,
        secrets=login.secrets,
        complete=False,
    )


def _connect(request: HttpRequest, login: Login, key: str) -> HttpResponse:
    """Connect and redirect to the environments, or to the page that asks for what is missing."""
    if login.lacks is not None:
        return _show_error(request, login.public_values(), key, *login.lacks, 400)
    try:
        connection = connections.connect(address=login.address, credentials=login.credentials)
        if login.keep:
            _save(login)
    except HostKeyConflict as error:
        return redirect(
            "remote-key", pending_logins.keep(browser(request), PendingLogin(login, error.host_key))
        )
    except AuthenticationFailed as error:
        return _show_error(
            request, login.public_values(), key, _SECRET_FIELDS.get(login.way, ""), *_parts(error)[1:]
        )
    except RemoteError as error:
        return _show_error(request, login.public_values(), key, *_parts(error))
    return redirect(machine_address(connection.id))


_SECRET_FIELDS = {"password": "password", "key_file": "private_key_path", "key_text": "private_key"}


def _parts(error: RemoteError) -> tuple[str, str, int]:
    """Return the invalid field, the message, and the HTTP status of the form."""
    field = next(iter(error.errors)) if isinstance(error, InvalidInput) else ""
    return field, str(error.detail), _form_status(error)


def _form_status(error: RemoteError) -> int:
    # Django logs any 5xx as an error of this server, which a mistyped host name is not.
    return 400 if isinstance(error, RemoteUnavailable) else error.status_code


def _show_error(
    request: HttpRequest, entered: Mapping[str, object], key: str, field: str, error: str, status: int
) -> HttpResponse:
    return render(request, "remote/host.html", host_context(entered, key, field, error), status=status)


@access(Scope.ADMIN)
@remote_io
@require_POST
def connect_saved(request: HttpRequest) -> HttpResponse:
    """Connect with a saved login, or ask for what was not saved; the key may be the id of a connection."""
    key = request.POST.get("key", "")
    try:
        login = saved_login(key)
    except InvalidInput as error:  # the secret can no longer be decrypted
        return _show_error(
            request, {**_without_secrets(key).public_values(), "keep": True}, key, *_parts(error)
        )
    except repository.SavedConnectionNotFound:
        try:
            address = from_id(key)
        except InvalidAddress:
            raise repository.SavedConnectionNotFound(key) from None
        return render(request, "remote/host.html", host_context({**NEW, **vars(address)}))
    if login is None:
        return redirect("remote")
    return _connect(request, login, key)


@access(Scope.ADMIN)
@remote_io
@require_http_methods(["GET", "HEAD", "POST"])
def key_page(request: HttpRequest, handle: str) -> HttpResponse:
    """Show a host key for confirmation; on POST accept it and connect."""
    pending = pending_logins.get(handle, browser(request))
    if pending is None:
        return redirect(f"{reverse('remote')}?notice=expired")
    changed = pending.host_key["reason"] == "changed"
    title = _("Host key changed") if changed else _("Unknown host key")
    context = {"key": pending.host_key, "changed": changed, "handle": handle, "title": title}
    if request.method != "POST":
        return render(request, "remote/host_key.html", context)
    if "cancel" in request.POST:
        pending_logins.drop(handle)
        return redirect("remote")
    if changed and "sure" not in request.POST:
        return render(request, "remote/host_key.html", context | {"unconfirmed": True}, status=400)
    public = known_hosts.public_key(pending.host_key["public_key"])
    try:
        host, port = pending.login.address.host, pending.login.address.port
        connections.accept_host_key(host=host, port=port, key=public)
    except RemoteError as error:
        context["error"] = sentence_of(str(error.detail))
        return render(request, "remote/host_key.html", context, status=_form_status(error))
    pending_logins.drop(handle)
    return _connect(request, pending.login, "")


@access(Scope.ADMIN)
@blocking
@require_POST
def forget_host(request: HttpRequest) -> HttpResponse:
    """Remove a saved connection; an open connection is not closed."""
    with suppress(repository.SavedConnectionNotFound):  # already removed
        repository.delete_connection(request.POST.get("key", ""))
    return redirect(f"{reverse('remote')}?notice=removed")


@access(Scope.ADMIN)
@remote_io
@require_POST
def disconnect(request: HttpRequest) -> HttpResponse:
    """Close a connection and stop its viewers."""
    with suppress(InvalidAddress, ConnectionNotFound):  # already closed
        connections.disconnect(address=from_id(request.POST.get("connection", "")))
    return redirect(f"{reverse('remote')}?notice=disconnected")


@access(Scope.ADMIN)
@remote_io
@require_POST
def start_viewer(request: HttpRequest) -> HttpResponse:
    entered = {name: request.POST.get(name, "").strip() for name in ("root", "local_port", "remote_port")}
    connection_id, environment = request.POST.get("connection", ""), request.POST.get("environment", "")
    form = StartForm(request.POST)
    try:
        require_valid(form)
        parameters = SessionParameters(
            root=_absolute_root(connection_id, form.cleaned_data["root"]),
            environment=environment,
            local_port=form.cleaned_data["local_port"] or 0,
            remote_port=form.cleaned_data["remote_port"] or 0,
            patience=viewers.patience(),
        )
        session = viewers.start_viewer(parameters=parameters, address=from_id(connection_id), wait=False)
    except ConnectionNotFound:
        raise
    except InvalidAddress:
        raise ConnectionNotFound(connection_id) from None
    except InvalidField as error:
        errors, status = {error.field: str(error)}, 400
    except RemoteError as error:
        field, message, status = _parts(error)
        errors = {_FIELDS.get(field, "form"): sentence_of(message)}
    else:
        return redirect("remote-viewer", session.id)
    context = {**start_context(connection_id, environment, entered), "errors": errors}
    return render(request, "remote/start.html", context, status=status)


_FIELDS = {"path": "root"}


def _absolute_root(connection_id: str, path: str) -> str:
    """Return the absolute path of the storage root on the remote host."""
    absolute, kind = connections.path_kind(connection_id=connection_id, path=path)
    if kind is None:
        raise InvalidField("root", _("Folder not found on the host: {path}").format(path=absolute))
    if kind == "file":
        raise InvalidField("root", _("{path} is a file, not a folder.").format(path=absolute))
    return absolute


@access(Scope.ADMIN)
@remote_io
@require_POST
def stop_viewer(request: HttpRequest, session_id: str) -> HttpResponse:
    """Stop a viewer, or remove a failed one from the list."""
    with suppress(SessionNotFound):  # already stopped
        viewers.stop_viewer(session_id=session_id)
    return redirect(f"{reverse('remote')}?notice=stopped")


@access(Scope.ADMIN)
@remote_io
@require_POST
def copy_program(request: HttpRequest) -> HttpResponse:
    """Copy Runicorn to a host and show the command that installs it."""
    connection_id, environment = request.POST.get("connection", ""), request.POST.get("environment", "")
    context: dict[str, Any] = {}
    status = 200
    try:
        context["copied"] = viewers.copy_program(connection_id=connection_id, environment=environment)
    except ConnectionNotFound:
        raise
    except RemoteError as error:
        context["errors"], status = {"form": sentence_of(str(error.detail))}, _form_status(error)
    return render(
        request,
        "remote/start.html",
        {**start_context(connection_id, environment, {}), **context},
        status=status,
    )

"""What the pages of other machines change, by forms; all of it goes through the verbs of this app."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from remote.connections import saved
from remote.errors import AuthenticationFailed, ConnectionNotFound, HostKeyConflict, InvalidInput, RemoteError
from remote.pages.context import (
    PendingLogin,
    browser,
    host_context,
    machine_address,
    pending_logins,
    saved_login,
    start_context,
)
from remote.pages.forms import InvalidField, Login, LoginForm, StartForm, of_saved, require_valid, sentence_of
from remote.services import connections, viewers
from remote.ssh import known_hosts
from remote.ssh.address import InvalidAddress, from_id
from remote.ssh.credentials import Credentials
from remote.viewers.errors import SessionNotFound
from remote.viewers.session import SessionParameters
from runicorn_site.web.pools import blocking, remote_io

NEW = {"way": "password", "port": 22, "keep": True, "remember": False}


@remote_io
@require_http_methods(["GET", "HEAD", "POST"])
def host_page(request: HttpRequest) -> HttpResponse:
    """The form of a login; posted, the connection, or only what is saved of it."""
    key = request.POST.get("key", "") or request.GET.get("key", "")
    if request.method != "POST":
        typed = {**_without_secrets(key).shown(), "keep": True} if key else NEW
        return render(request, "remote/host.html", host_context(typed, key))
    typed = {name: text for name, text in request.POST.items() if name in _SHOWN}
    try:
        login = LoginForm(request.POST).login(_before(key))
        if "save" in request.POST:
            return _only_saved(login, key)
    except InvalidField as error:
        return _again(request, typed, key, error.field, str(error), 400)
    except RemoteError as error:
        return _again(request, typed, key, *_told(error))
    return _go_on(request, login, key)


def _without_secrets(key: str) -> Login:
    return of_saved(saved.saved_connection(key), Credentials())


def _before(key: str) -> Login | None:
    """The saved login whose secrets stand in for what is left empty; those that cannot be opened any more do not."""
    try:
        return saved_login(key)
    except InvalidInput:
        return _without_secrets(key)


_SHOWN = ("host", "port", "username", "name", "way", "private_key_path", "keep", "remember")


def _only_saved(login: Login, key: str) -> HttpResponse:
    """Save without connecting; one that has got another address takes the place of the old one."""
    _save(login)
    before = saved.saved_connection(key) if key else None
    if before is not None and before.address != login.address:
        saved.forget_connection(before.key)
    return redirect(f"{reverse('remote')}?said=saved")


def _save(login: Login) -> None:
    saved.save_connection(
        address=login.address,
        auth_method=login.method,
        name=login.name,
        remember=login.remember,
        private_key_path=login.path or None,
        secrets=login.secrets,
        complete=False,
    )


def _go_on(request: HttpRequest, login: Login, key: str) -> HttpResponse:
    """Connect and lead on; where a person has to say or type something first, to the page for it."""
    if login.lacks is not None:
        return _again(request, login.shown(), key, *login.lacks, 400)
    try:
        connection = connections.connect(address=login.address, credentials=login.credentials)
        if login.keep:
            _save(login)
    except HostKeyConflict as error:
        return redirect(
            "remote-key", pending_logins.keep(browser(request), PendingLogin(login, error.host_key))
        )
    except AuthenticationFailed as error:
        return _again(request, login.shown(), key, _SHOWN_TO_HOST.get(login.way, ""), *_told(error)[1:])
    except RemoteError as error:
        return _again(request, login.shown(), key, *_told(error))
    return redirect(machine_address(connection.id))


_SHOWN_TO_HOST = {"password": "password", "key_file": "private_key_path", "key_text": "private_key"}


def _told(error: RemoteError) -> tuple[str, str, int]:
    """The field that is to blame, the sentence, the status."""
    field = next(iter(error.errors)) if isinstance(error, InvalidInput) else ""
    return field, str(error.detail), error.status_code


def _again(
    request: HttpRequest, typed: Mapping[str, object], key: str, field: str, sentence: str, status: int
) -> HttpResponse:
    return render(request, "remote/host.html", host_context(typed, key, field, sentence), status=status)


@remote_io
@require_POST
def connect_saved(request: HttpRequest) -> HttpResponse:
    """Connect with what was saved; what was not remembered is asked for."""
    key = request.POST.get("key", "")
    try:
        login = saved_login(key)
    except InvalidInput as error:  # it cannot be decrypted any more
        return _again(request, {**_without_secrets(key).shown(), "keep": True}, key, *_told(error))
    if login is None:
        return redirect("remote")
    return _go_on(request, login, key)


@remote_io
@require_http_methods(["GET", "HEAD", "POST"])
def key_page(request: HttpRequest, handle: str) -> HttpResponse:
    """The question about the key of a host; posted, the answer, and then on with what was being done."""
    question = pending_logins.get(handle, browser(request))
    if question is None:
        return redirect(f"{reverse('remote')}?said=old")
    changed = question.host_key["reason"] == "changed"
    context = {"key": question.host_key, "changed": changed, "handle": handle}
    if request.method != "POST":
        return render(request, "remote/host_key.html", context)
    if "cancel" in request.POST:
        pending_logins.drop(handle)
        return redirect("remote")
    if changed and "sure" not in request.POST:
        return render(request, "remote/host_key.html", context | {"unsure": True}, status=400)
    public = known_hosts.public_key(question.host_key["public_key"])
    try:
        host, port = question.login.address.host, question.login.address.port
        connections.accept_host_key(host=host, port=port, key=public)
    except RemoteError as error:
        refused = context | {"refused": sentence_of(str(error.detail))}
        return render(request, "remote/host_key.html", refused, status=error.status_code)
    pending_logins.drop(handle)
    return _go_on(request, question.login, "")


@blocking
@require_POST
def forget_host(request: HttpRequest) -> HttpResponse:
    """Forget a saved connection; an open one stays."""
    with suppress(saved.SavedConnectionNotFound):  # somebody was quicker
        saved.forget_connection(request.POST.get("key", ""))
    return redirect(f"{reverse('remote')}?said=forgotten")


@remote_io
@require_POST
def disconnect(request: HttpRequest) -> HttpResponse:
    """End a connection and the viewers that run over it."""
    with suppress(InvalidAddress, ConnectionNotFound):  # it is not there any more
        connections.disconnect(address=from_id(request.POST.get("connection", "")))
    return redirect(f"{reverse('remote')}?said=disconnected")


@remote_io
@require_POST
def start_viewer(request: HttpRequest) -> HttpResponse:
    """Start a viewer and redirect to its progress page."""
    typed = {name: request.POST.get(name, "").strip() for name in ("root", "local_port", "remote_port")}
    connection_id, environment = request.POST.get("connection", ""), request.POST.get("environment", "")
    form = StartForm(request.POST)
    try:
        require_valid(form)
        wanted = SessionParameters(
            root=_root(connection_id, form.cleaned_data["root"]),
            environment=environment,
            local_port=form.cleaned_data["local_port"] or 0,
            remote_port=form.cleaned_data["remote_port"] or 0,
            patience=viewers.patience(),
        )
        session = viewers.start_viewer(wanted=wanted, address=from_id(connection_id), wait=False)
    except ConnectionNotFound:
        raise
    except InvalidAddress:
        raise ConnectionNotFound(connection_id) from None
    except InvalidField as error:
        wrong, status = {error.field: str(error)}, 400
    except RemoteError as error:
        field, sentence, status = _told(error)
        wrong = {_FIELDS.get(field, "form"): sentence_of(sentence)}
    else:
        return redirect("remote-viewer", session.id)
    context = {**start_context(connection_id, environment, typed), "wrong": wrong}
    return render(request, "remote/start.html", context, status=status)


_FIELDS = {"path": "root"}


def _root(connection_id: str, path: str) -> str:
    """The storage root over there, made absolute.

    Raises:
        InvalidField: there is no folder of that path.
        and as `services.look_at`.
    """
    place, kind = connections.path_kind(connection_id=connection_id, path=path)
    if kind is None:
        raise InvalidField("root", f"There is no folder {place} on the remote host.")
    if kind == "file":
        raise InvalidField("root", f"{place} is a file. A storage root is a folder.")
    return place


@remote_io
@require_POST
def stop_viewer(request: HttpRequest, session_id: str) -> HttpResponse:
    """Stop a viewer, or forget one that has failed."""
    with suppress(SessionNotFound):  # it has been stopped elsewhere
        viewers.stop_viewer(session_id=session_id)
    return redirect(f"{reverse('remote')}?said=stopped")


@remote_io
@require_POST
def copy_program(request: HttpRequest) -> HttpResponse:
    """Copy this program to a machine that lacks it, and show the command that installs it there."""
    connection_id, environment = request.POST.get("connection", ""), request.POST.get("environment", "")
    context: dict[str, Any] = {}
    status = 200
    try:
        context["copied"] = viewers.copy_program(connection_id=connection_id, environment=environment)
    except ConnectionNotFound:
        raise
    except RemoteError as error:
        context["wrong"], status = {"form": sentence_of(str(error.detail))}, error.status_code
    return render(
        request,
        "remote/start.html",
        {**start_context(connection_id, environment, {}), **context},
        status=status,
    )

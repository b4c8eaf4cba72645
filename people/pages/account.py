"""The user's own account: password, API tokens and shared links."""

from __future__ import annotations

import time
from typing import NamedTuple

from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from people import api_tokens
from people.access.actor import Actor, actor_of
from people.access.routes import allows
from people.labels import SCOPE_LABELS, role_label
from people.shares import services as shares
from runicorn_site.pages.settings import choices, shares_context
from runicorn_site.web.access import Scope, access
from runicorn_site.web.addresses import site_address
from runicorn_site.web.periods import InvalidToken, seconds_of
from runicorn_site.web.pools import blocking

PERIODS = {"30d": _("30 days"), "90d": _("90 days"), "365d": _("1 year"), "": _("Does not expire")}
"""Lifetimes of a token."""


class Granted(NamedTuple):
    """A project with the user's role there."""

    project: str
    role: object


class OwnPasswordForm(PasswordChangeForm):
    """The form of a new password; wrong old ones count as failed sign-ins (`AxesMiddleware` answers beyond the limit)."""

    def __init__(self, request: HttpRequest, user: User, data: QueryDict | None) -> None:
        super().__init__(user, data)
        self.request = request

    def clean_old_password(self) -> str:
        old: str = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=old) is None:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old


@access(Scope.READ, session_only=True)
@never_cache
@require_safe
def account_page(request: HttpRequest) -> HttpResponse:
    return page(request)


@access(Scope.READ, session_only=True)
@blocking
@require_POST
def change_password(request: HttpRequest) -> HttpResponse:
    """Change the password, which ends the user's other sessions."""
    form = password_form(request)
    if not form.is_valid():
        return page(request, form=form)
    form.save()
    update_session_auth_hash(request, form.user)
    return redirect("account")


@access(Scope.READ, session_only=True)
@require_POST
def add_token(request: HttpRequest) -> HttpResponse:
    """Create an API token, and show it once."""
    actor = person(request)
    name, scope, period = (request.POST.get(field, "").strip() for field in ("name", "scope", "expires"))
    if scope not in {allowed.value for allowed, _ in scopes_of(actor)} or period not in PERIODS:
        raise PermissionDenied
    try:
        seconds = seconds_of(period) if period else None
        added = api_tokens.add_token(name, Scope(scope), seconds, account=actor.name)
    except InvalidToken:
        return page(request, problem=gettext("The name is taken, or has characters that are not allowed."))
    return page(request, added=added)


@access(Scope.READ, session_only=True)
@require_POST
def revoke_token(request: HttpRequest) -> HttpResponse:
    """Revoke one of the user's API tokens."""
    api_tokens.revoke_token(request.POST.get("name", ""), account=person(request).name)
    return redirect("account")


@access(Scope.READ, session_only=True)
@blocking
@require_POST
def revoke_share(request: HttpRequest) -> HttpResponse:
    """Revoke one of the user's shared links; any other is not found, unless an administrator revokes it."""
    shares.revoke(request.POST.get("id", ""), person(request))
    return redirect(site_address("/account#shares"))


def page(
    request: HttpRequest, form: SetPasswordForm[User] | None = None, added: str = "", problem: str = ""
) -> HttpResponse:
    actor = person(request)
    context = {
        "form": form or password_form(request, bound=False),
        "role": role_label(actor.role),
        "projects": [Granted(name, role_label(role)) for name, role in sorted(actor.projects.items())],
        "tokens": [
            (token, SCOPE_LABELS[Scope(token.scope)])
            for token in api_tokens.tokens_of(actor.name).order_by("pk")
        ],
        "scopes": scopes_of(actor),
        "periods": PERIODS.items(),
        "typed": request.POST if problem else {"scope": Scope.WRITE, "expires": "90d"},
        "now": time.time(),
        "added": added,
        "problem": problem,
        "choices": choices(request),
        **shares_context(
            request, lambda: [share for share in shares.current(actor) if share.account == actor.account]
        ),
    }
    status = 400 if problem or (form is not None and form.errors) else 200
    return render(request, "people/account.html", context, status=status)


def person(request: HttpRequest) -> Actor:
    """Return the actor of a signed-in user.

    Raises:
        PermissionDenied: the request shows an API token, or has no user.
    """
    actor = actor_of(request.scope)  # type: ignore[attr-defined]
    if actor is None or actor.account is None or actor.token:
        raise PermissionDenied
    return actor


def password_form(request: HttpRequest, bound: bool = True) -> SetPasswordForm[User]:
    """Return the form of a new password; accounts of a proxy or a provider have no old one."""
    user = request.user
    assert isinstance(user, User)
    data = request.POST if bound else None
    form: SetPasswordForm[User] = (
        OwnPasswordForm(request, user, data) if user.has_usable_password() else SetPasswordForm(user, data)
    )
    for field in form.fields.values():
        field.widget.attrs.pop("autofocus", None)  # the tokens are first on the page
    return form


def scopes_of(actor: Actor) -> list[tuple[Scope, object]]:
    """Return the scopes that tokens of the user may have, with their labels."""
    widest = max((role.scope for role in actor.roles), key=tuple(Scope).index)
    return [(scope, label) for scope, label in SCOPE_LABELS.items() if allows(widest, scope)]

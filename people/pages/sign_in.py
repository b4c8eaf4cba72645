"""Sign-in, sign-out and invitations."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from people import services
from people.changes import note_user
from runicorn.settings.user import get
from runicorn_site.security.rates.rate_limits import count_requests
from runicorn_site.security.rates.rate_table import Limit
from runicorn_site.web.access import public
from runicorn_site.web.pools import blocking

TRIES, TRIES_SECONDS = 20, 60
"""Sign-ins of one address at one page, whatever the names: django-axes counts those of each name."""
BACKEND = "django.contrib.auth.backends.ModelBackend"
NOTICES = {"provider": _("The provider did not sign you in. Try again.")}


# Hashing a password takes a good part of a second.
@public
@blocking
class SignIn(LoginView):
    """The login page."""

    template_name = "people/login.html"
    redirect_authenticated_user = True
    http_method_names = ["get", "post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if refusal := refuse_beyond_limit(request):
            return refusal
        note_user(request, request.POST.get("username", ""))
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        # The record of changes tells a refused sign-in by its status.
        return self.render_to_response(self.get_context_data(form=form), status=403)

    def get_context_data(self, **kwargs: Any) -> Any:
        notice = NOTICES.get(self.request.GET.get("notice", ""))
        return super().get_context_data(
            **kwargs, has_provider=bool(get("RUNICORN_OIDC_ISSUER")), notice=notice
        )


def refuse_beyond_limit(request: HttpRequest) -> HttpResponse | None:
    """Count a sign-in of an address, and return the response if there were too many."""
    count = count_requests(client_address(request), request.path_info, Limit(TRIES, TRIES_SECONDS))
    if count.is_exceeded:
        sentence = gettext("Too many sign-ins from your address. Try again in a minute.")
        return too_many(request, sentence, count.seconds_left)
    request.session.clear_expired()  # nothing else deletes the sessions that have ended
    return None


def client_address(request: HttpRequest) -> str:
    """Return the client's address, as the trusted proxies report it (`security/forwarding.py`)."""
    return str(request.META["REMOTE_ADDR"])


def locked_out(request: HttpRequest, *_answer: object) -> HttpResponse:
    """Refuse a sign-in after too many wrong passwords."""
    sentence = gettext("Too many failed sign-ins. Try again in 15 minutes.")
    return too_many(request, sentence, int(settings.AXES_COOLOFF_TIME.total_seconds()))


def too_many(request: HttpRequest, sentence: str, seconds: int) -> HttpResponse:
    response = render(request, "people/message.html", {"sentence": sentence}, status=429)
    response["Retry-After"] = str(seconds)
    return response


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    note_user(request, request.user.get_username())
    logout(request)
    return redirect(settings.LOGIN_URL)


@public
@blocking
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Set the password of an invited user, and sign them in."""
    user = services.invited_user(secret)
    if user is None:
        sentence = gettext(
            "This invitation has been used or has expired. Ask an administrator for a new one."
        )
        return render(request, "people/message.html", {"sentence": sentence}, status=410)
    form = SetPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        invited = services.redeem(secret, form.cleaned_data["new_password1"])
        if invited is not None:
            note_user(request, invited.get_username())
            login(request, invited, backend=BACKEND)
            return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "people/invitation.html", {"form": form, "invited": user})

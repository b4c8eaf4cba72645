"""Sign-in by an OpenID Connect provider, with Authlib."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from people import services
from people.changes import note_user
from people.pages.sign_in import BACKEND, refuse_beyond_limit
from runicorn.settings.user import get
from runicorn_site.security.tokens import local_path
from runicorn_site.web.access import public
from runicorn_site.web.pools import remote_io

DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT, MOST_BYTES = 5, 1024 * 1024
"""Of each response of the provider."""
BEGUN_SECONDS = 3600
"""Time to sign in at the provider, after which Authlib refuses its answer."""
LONGEST_SUBJECT = 255
NEXT = "runicorn.next"
"""Key of the browser's state: the page that it asked for."""
logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def provider() -> Any:
    """Return the client of the provider; its addresses and keys are fetched when they are needed."""
    from authlib.integrations.django_client import OAuth

    secret = get("RUNICORN_OIDC_CLIENT_SECRET")
    return OAuth().register(
        "provider",
        client_id=get("RUNICORN_OIDC_CLIENT_ID"),
        client_secret=Path(secret).read_text(encoding="utf-8").strip() if Path(secret).is_file() else secret,
        server_metadata_url=get("RUNICORN_OIDC_ISSUER").rstrip("/") + DISCOVERY,
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT,
            "hooks": {"response": [read_bounded]},
        },
    )


def read_bounded(response: Any, **_options: Any) -> None:
    """Read a response of the provider, before requests would do it without a limit."""
    response._content = response.raw.read(MOST_BYTES + 1, decode_content=True)
    if len(response._content) > MOST_BYTES:
        raise ValueError(f"The provider sent more than {MOST_BYTES} bytes")


def ask(request: HttpRequest, question: Callable[[Any], Any]) -> Any:
    """Return the provider's answer to a question, or the response to a request that gets none."""
    if not get("RUNICORN_OIDC_ISSUER"):
        raise Http404
    if refusal := refuse_beyond_limit(request):
        return refusal
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from urllib3.exceptions import HTTPError

    # Whatever a provider may send instead of what the standard prescribes.
    malformed = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
    try:
        return question(provider())
    except (AuthlibBaseError, JoseError, HTTPError, OSError, *malformed) as error:
        provider.cache_clear()  # its addresses or keys may be wrong
        logger.error("The provider did not sign a user in: %s %.500r", type(error).__name__, str(error))
        return redirect(f"{reverse('login')}?notice=provider")


@public
@remote_io
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    address = request.build_absolute_uri(reverse("oidc-callback"))

    def question(client: Any) -> Any:
        if request.session.is_empty():
            request.session.set_expiry(BEGUN_SECONDS)
        request.session[NEXT] = request.GET.get("next", "")
        return client.authorize_redirect(request, address)

    answer: HttpResponse = ask(request, question)
    return answer


@public
@remote_io
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Sign in the user whom the provider names: by `sub`, and at the first time by `preferred_username` or e-mail."""
    claims = ask(request, lambda client: identity(client, request))
    if isinstance(claims, HttpResponse):
        return claims
    name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
    user = services.user_of_identity(claims["iss"], claims["sub"], name)
    note_user(request, name if user is None else user.get_username())
    if user is None:
        sentence = gettext("You have no account here. Ask an administrator for one.")
        return render(request, "people/message.html", {"sentence": sentence}, status=403)
    target = request.session.pop(NEXT, "")
    login(request, user, backend=BACKEND)
    request.session.set_expiry(None)
    return HttpResponseRedirect(local_path(target, get_script_prefix().removesuffix("/")))


def identity(client: Any, request: HttpRequest) -> Any:
    """Return the claims that the provider has signed for this viewer."""
    issuer = client.load_server_metadata()["issuer"]
    expected = {"iss": issuer, "aud": client.client_id}
    options = {name: {"essential": True, "value": value} for name, value in expected.items()}
    token = client.authorize_access_token(request, claims_options=options)
    claims = token["userinfo"]
    if "id_token" not in token or not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise ValueError("The provider sent no identity")
    return claims

"""Sign-in by an OpenID Connect provider, with Authlib."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from runicorn.settings.user import get
from runicorn_site.pages.people.sign_in import BACKEND
from runicorn_site.people import services
from runicorn_site.web.pools import remote_io

DISCOVERY = "/.well-known/openid-configuration"


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
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )


@remote_io
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    if not get("RUNICORN_OIDC_ISSUER"):
        raise Http404
    answer: HttpResponse = provider().authorize_redirect(
        request, request.build_absolute_uri(reverse("oidc-callback"))
    )
    return answer


@remote_io
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Sign in the user whom the provider names: by `sub`, and at the first time by `preferred_username` or e-mail."""
    if not get("RUNICORN_OIDC_ISSUER"):
        raise Http404
    from authlib.integrations.base_client import OAuthError
    from joserfc.errors import JoseError
    from requests import RequestException

    try:
        claims = provider().authorize_access_token(request)["userinfo"]
        issuer, subject = str(claims["iss"]), str(claims["sub"])
    except (OAuthError, JoseError, RequestException, KeyError):
        return redirect(f"{reverse('login')}?notice=provider")
    name = str(claims.get("preferred_username") or claims.get("email") or subject)
    user = services.user_of_identity(issuer, subject, name)
    if user is None:
        return redirect(f"{reverse('login')}?notice=unknown")
    login(request, user, backend=BACKEND)
    return redirect(settings.LOGIN_REDIRECT_URL)

"""Error responses of the site.

    under /api   {"detail": "One sentence."}, with {"errors": {field: […]}} for invalid input; in a browser as DRF's page
    elsewhere    a page (templates/error.html)

Internal errors are logged; no response contains their text.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, cast

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.signals import got_request_exception
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext, gettext_noop
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from remote.errors import RemoteError
from runicorn.api.responses.problem import Problem
from runicorn.settings.capabilities import SwitchedOff
from runicorn_site.database.durable import DAMAGED as DURABLE_DAMAGED
from runicorn_site.database.monitor import is_damage, monitor
from runicorn_site.security.headers import is_api
from runicorn_site.security.plain_responses import title_of
from runicorn_site.web.messages import translated
from runicorn_site.web.serializers import WHOLE
from runicorn_site.web.service_error import ServiceError

SENTENCES = {
    400: gettext_noop("The request could not be understood."),
    403: gettext_noop("This is not allowed."),
    404: gettext_noop("There is nothing at this address."),
    405: gettext_noop("This method is not allowed here."),
    500: gettext_noop("Internal server error. See the server log."),
    503: gettext_noop("The database is not available right now. Try again shortly."),
}
MANY = gettext_noop("The request has more than 1,000 parameters or fields.")
TOO_MUCH = (TooManyFieldsSent, TooManyFilesSent, RequestDataTooBig)
"""Suspicious operations of Django that are only large requests."""
logger = logging.getLogger(__name__)


def api_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Exception handler of DRF: return the response to an exception in an API view."""
    set_rollback()
    status, body, headers = describe(error)
    note(error, status, body["detail"], context["request"])
    return Response(body, status=status, headers=headers)


def describe(error: Exception) -> tuple[int, Problem, dict[str, str]]:
    """Return status, JSON body and headers of the response to an exception."""
    if isinstance(error, ValidationError):
        return error.status_code, invalid_input(error), {}
    if isinstance(error, APIException | RemoteError):
        fields = getattr(error, "errors", None)
        body: Problem = {"detail": sentence_of(error)}
        if fields:
            body["errors"] = below_names(fields)
        # A body may have more keys than a Problem.
        return error.status_code, cast(Problem, body | getattr(error, "more", {})), api_headers(error)
    if isinstance(error, Http404):
        return 404, {"detail": SENTENCES[404]}, {}
    if isinstance(error, SwitchedOff):
        return 403, {"detail": f"{error}."}, {}
    if isinstance(error, PermissionDenied):
        return 403, {"detail": SENTENCES[403]}, {}
    if isinstance(error, SuspiciousOperation):
        return 400, {"detail": MANY if isinstance(error, TooManyFieldsSent) else SENTENCES[400]}, {}
    if isinstance(error, OperationalError | InterfaceError | IntegrityError):
        return (
            503,
            {
                "detail": monitor.problem
                or (DURABLE_DAMAGED if is_damage(error.__cause__) else SENTENCES[503])
            },
            {"Retry-After": "1"},
        )
    if isinstance(error, DatabaseError) and is_damage(error.__cause__):
        return 503, {"detail": monitor.problem or DURABLE_DAMAGED}, {"Retry-After": "1"}
    return 500, {"detail": SENTENCES[500]}, {}


def sentence_of(error: APIException | RemoteError) -> Any:
    """Return the detail of an exception: a sentence, or an object for a host key conflict."""
    detail = getattr(error, "sentence", error.detail)
    return detail[0] if isinstance(detail, list) and detail else detail


def api_headers(error: APIException | RemoteError) -> dict[str, str]:
    """Return the headers that the status of an exception requires."""
    headers = {}
    if scheme := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = scheme
    if seconds := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(seconds))
    return headers


def invalid_input(error: ValidationError) -> Problem:
    """Return the body about invalid input; `detail` names the first field."""
    if not isinstance(error.detail, dict):
        return {"detail": next(sentences(error.detail), SENTENCES[400])}
    fields = {field: list(sentences(detail)) for field, detail in error.detail.items()}
    messages = [(field, lines[0]) for field, lines in fields.items() if lines]
    if not messages:
        return {"detail": SENTENCES[400]}
    field, line = messages[0]
    alone = field == "non_field_errors" or field in line or getattr(line, "code", "") == WHOLE
    return {"detail": line if alone else f"{field}: {line}", "errors": below_names(fields)}


def below_names(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    """Remove the names of fields from the beginning of their sentences."""
    return {name: [line.removeprefix(f"{name}: ") for line in lines] for name, lines in fields.items()}


def sentences(detail: Any) -> Iterator[str]:
    """Yield all sentences in the nested lists and objects of a validation error."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from (line if key == "non_field_errors" else f"{key}: {line}" for line in sentences(inner))
    elif isinstance(detail, list):
        for inner in detail:
            yield from sentences(inner)
    else:
        yield detail if isinstance(detail, str) else str(detail)


def note(error: Exception, status: int, sentence: Any, request: HttpRequest | Request) -> None:
    """Log an error that matters to the operator; most 4xx errors concern only the client."""
    if getattr(error, "foreseen", False):  # a failure outside of the server
        logger.warning("%s: %s", request_line(request), sentence)
    elif isinstance(error, SuspiciousOperation) and not isinstance(error, TOO_MUCH):
        logger.warning("%s: %s", request_line(request), type(error).__name__)  # its text may contain secrets
    elif status >= 500:
        report(error, request)


def request_line(request: HttpRequest | Request) -> str:
    """Return method and path for a line of the log, with line breaks encoded and without the query."""
    return f"{request.method} {iri_to_uri(request.path)}"


def report(error: BaseException, request: HttpRequest | Request) -> None:
    """Log an internal error with its traceback."""
    plain = getattr(request, "_request", request)
    got_request_exception.send(sender=APIView, request=plain)
    logger.error("%s failed", request_line(request), exc_info=error)


class ErrorPages:
    """Middleware that formats errors raised outside of DRF."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Replace an error response without content."""
        response = self.get_response(request)
        if response.status_code >= 400 and is_bare(response, request):
            headers = {name: value for name, value in response.items() if name in {"Allow", "Retry-After"}}
            return error_answer(request, response.status_code, headers=headers)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse:
        if isinstance(error, ServiceError) and not is_api(request.path_info):
            error = error.on_page
        status, body, headers = describe(error)
        note(error, status, body["detail"], request)
        return error_answer(request, status, body["detail"], headers)


def is_bare(response: HttpResponseBase, request: HttpRequest) -> bool:
    """Return whether an error response is empty, or HTML under /api."""
    if not isinstance(response, HttpResponse) or isinstance(response, Response | JsonResponse):
        return False
    is_html = response.get("Content-Type", "").startswith("text/html")
    return not response.content or (is_html and is_api(request.path_info))


def error_answer(
    request: HttpRequest, status: int, sentence: Any = None, headers: dict[str, str] | None = None
) -> HttpResponse:
    """Return an error as JSON under /api, as a page elsewhere."""
    sentence = sentence or SENTENCES.get(status, HTTPStatus(status).phrase)
    if is_api(request.path_info):
        return JsonResponse({"detail": sentence}, status=status, headers=headers)
    context = {"status": status, "title": gettext(title_of(status)), "sentence": translated(str(sentence))}
    response = render(request, "error.html", context, status=status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return error_answer(request, 404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return error_answer(request, 400)


def permission_denied(
    request: HttpRequest, exception: Exception | None = None, reason: str = ""
) -> HttpResponse:
    """Django's handler403, and the response to a form without a CSRF token."""
    return error_answer(
        request, 403, gettext_noop("This form has expired. Reload the page.") if reason else None
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, for errors outside of views, which Django has logged."""
    return error_answer(request, 500)

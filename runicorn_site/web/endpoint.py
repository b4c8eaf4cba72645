"""Decorators of API views: access, validation of requests, OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from runicorn_site.web.access import Scope, Subject, access
from runicorn_site.web.compiled_query import compiled

if TYPE_CHECKING:
    from drf_spectacular.utils import OpenApiParameter

Method = TypeVar("Method", bound=Callable[..., Any])
Kind = type[Serializer[Any]]
DESCRIPTION = "description_of_endpoint"
"""Attribute of a method with its `Description`."""


class Description(NamedTuple):
    """Arguments of `endpoint`, from which `runicorn_site.api.typed_responses` describes the method in OpenAPI.

    Most viewers are never asked for that, and drf-spectacular loads Django's tools for tests: 50 ms and 5 MB.
    """

    query: Kind | None
    body: Kind | None
    returns: Any
    errors: Iterable[int]
    headers: Iterable[OpenApiParameter]
    schema: dict[str, Any]


def endpoint(
    *,
    scope: Scope,
    subject: Subject | None = None,
    recorded: bool = True,
    session_only: bool = False,
    query: Kind | None = None,
    body: Kind | None = None,
    returns: Any = None,
    errors: Iterable[int] = (),
    headers: Iterable[OpenApiParameter] = (),
    **schema: Any,
) -> Callable[[Method], Method]:
    """Declare who may call a method, validate its requests before it runs, and describe it in OpenAPI.

    Args:
        scope: that requests need; see `Access` for it and the next three.
        subject: what they change.
        recorded: whether the record of changes names them.
        session_only: whether API tokens are refused.
        query: serializer of the query string; the validated fields are passed on as the keyword `query`.
        body: serializer of the JSON body; the validated fields are passed on as the keyword `body`.
        returns: the `TypedDict` (or list of them, or any value of `extend_schema(responses=…)`) of a 200, or a
            mapping from status codes to these.
        errors: status codes of `{"detail": …}` responses, beside those that every route has.
        headers: parameters of the response, or further ones of the request.
        **schema: further arguments of drf-spectacular's `extend_schema`.

    Raises:
        rest_framework.exceptions.ValidationError: when called with an invalid request; answered with 400.
    """
    description = Description(query, body, returns, errors, headers, schema)

    def decorate(method: Method) -> Method:
        @wraps(method)
        def validated(self: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
            if query is not None:
                kwargs["query"] = compiled(query)(request.query_params)
            if body is not None:
                kwargs["body"] = _validated_fields(body, request.data)
            return method(self, request, *args, **kwargs)

        setattr(validated, DESCRIPTION, description)
        access(scope, subject, recorded=recorded, session_only=session_only)(validated)
        return cast(Method, validated)

    return decorate


def route(method: str, **options: Any) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., Any]]:
    """Make a function the view of a path with one method; `options` are those of `endpoint`."""

    def decorate(function: Callable[..., HttpResponseBase]) -> Callable[..., Any]:
        @wraps(function)
        def handler(self: APIView, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return function(*args, **kwargs)

        about = {
            "__doc__": function.__doc__,
            "__module__": function.__module__,
            "name": function.__name__.removesuffix("_view").replace("_", " ").capitalize(),
            method.lower(): endpoint(**options)(handler),
        }
        view_class = cast(type[APIView], type(function.__name__, (APIView,), about))
        return view_class.as_view()

    return decorate


def _validated_fields(kind: Kind, data: Any) -> Any:
    """Return the validated fields of `data`, which DRF does not type."""
    serializer = kind(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)

"""Decorators of API views: validate the request, describe it and its responses in OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from runicorn.api.responses.problem import Problem
from runicorn_site.web.typed_responses import describe

Method = TypeVar("Method", bound=Callable[..., Any])
Kind = type[Serializer[Any]]


def endpoint(
    *,
    query: Kind | None = None,
    body: Kind | None = None,
    returns: Any = None,
    errors: Iterable[int] = (),
    headers: Iterable[OpenApiParameter] = (),
    **schema: Any,
) -> Callable[[Method], Method]:
    """Validate a request before the method runs, and describe it in OpenAPI.

    Args:
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
    returned = returns if isinstance(returns, Mapping) else {200: returns}
    responses = {status: describe(kind) for status, kind in returned.items()}
    responses |= {status: describe(Problem) for status in errors}
    described: dict[str, Any] = {"responses": responses} | schema
    if query is not None or headers:
        described["parameters"] = [*([query] if query else []), *headers]
    if body is not None:
        described["request"] = body

    def decorate(method: Method) -> Method:
        @wraps(method)
        def validated(self: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
            if query is not None:
                kwargs["query"] = _validated_fields(query, request.query_params)
            if body is not None:
                kwargs["body"] = _validated_fields(body, request.data)
            return method(self, request, *args, **kwargs)

        return cast(Method, extend_schema(**described)(validated))

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

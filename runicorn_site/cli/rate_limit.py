"""`runicorn rate-limit`: show and change the rate limits of the API, stored in `rate_limits.json`.

A running viewer applies a change within a second.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Never

import typer

from runicorn.settings.config_functions import NO_RATE_LIMITS, RATE_LIMITS_FILE
from runicorn.settings.user import config_directory
from runicorn.store import layout
from runicorn_site.cli.support.server import use_server
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, PERMISSION, USAGE


class RateLimitAction(StrEnum):
    """Action of the command."""

    SHOW = "show"
    LIST = "list"
    GET = "get"
    SET = "set"
    REMOVE = "remove"
    SETTINGS = "settings"
    RESET = "reset"
    VALIDATE = "validate"


def rate_limit(
    action: Annotated[RateLimitAction, typer.Option(help="Action.")] = RateLimitAction.SHOW,
    endpoint: Annotated[str, typer.Option(help="A path, or a method and path: `GET /api/runs/{id}`.")] = "",
    max_requests: Annotated[int | None, typer.Option(min=1, help="Requests within the window.")] = None,
    window_seconds: Annotated[
        int, typer.Option("--window", "--window-seconds", min=1, help="Window length in seconds.")
    ] = 60,
    burst_size: Annotated[
        int | None, typer.Option("--burst", "--burst-size", min=1, help="Requests within a second.")
    ] = None,
    description: Annotated[str, typer.Option(help="Description of the entry.")] = "",
    enable: Annotated[bool, typer.Option("--enable", help="Enable the limits.")] = False,
    disable: Annotated[bool, typer.Option("--disable", help="Disable all limits.")] = False,
    log_violations: Annotated[bool | None, typer.Option(help="Log rejected requests.")] = None,
    whitelist_localhost: Annotated[
        bool | None, typer.Option(help="Do not limit requests from this machine.")
    ] = None,
    storage: Annotated[
        Path | None, typer.Option(help="Ignored; limits are not stored in a storage root.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Reset without confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="list, get: print JSON.")] = False,
) -> None:
    """Show and change the rate limit of each API route.

    Examples:

      runicorn rate-limit --action list

      runicorn rate-limit --action set --endpoint "GET /api/runs" --max-requests 300

      runicorn rate-limit --action validate
    """
    path = _path()
    if action is RateLimitAction.RESET:
        _reset(path, yes)
        return
    content = _read(path)
    if action is RateLimitAction.SHOW:
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
    elif action is RateLimitAction.LIST:
        _list(content, as_json)
    elif action is RateLimitAction.GET:
        _get(content, _required(endpoint), as_json)
    elif action is RateLimitAction.VALIDATE:
        _validate(content)
    elif action is RateLimitAction.SET:
        entry: dict[str, Any] = {"max_requests": max_requests, "window_seconds": window_seconds}
        entry |= {"burst_size": burst_size} if burst_size else {}
        entry |= {"description": description} if description else {}
        _set(path, content, endpoint, entry)
    elif action is RateLimitAction.REMOVE:
        _remove(path, content, _required(endpoint))
    else:
        switched = True if enable else False if disable else None
        switches = {"log_violations": log_violations, "whitelist_localhost": whitelist_localhost}
        _settings(path, content, {"enable_rate_limiting": switched, **switches})


def _set(path: Path, content: dict[str, Any], endpoint: str, entry: dict[str, Any]) -> None:
    if entry["max_requests"] is None:
        _stop("--max-requests is required", USAGE)
    content["endpoints"][_required(endpoint)] = entry
    _write(path, content)
    typer.echo(f"✓ Updated rate limit for {endpoint}")


def _remove(path: Path, content: dict[str, Any], endpoint: str) -> None:
    was_limited = content["endpoints"].pop(endpoint, None) is not None
    if was_limited:
        _write(path, content)
    typer.echo(f"✓ Removed {endpoint}" if was_limited else f"⚠ No specific rate limit found for {endpoint}")


def _settings(path: Path, content: dict[str, Any], switches: dict[str, bool | None]) -> None:
    changes = {name: value for name, value in switches.items() if value is not None}
    content["settings"] |= changes
    if changes:
        _write(path, content)
    typer.echo(json.dumps(content["settings"], indent=2, ensure_ascii=False))


def _path() -> Path:
    try:
        return config_directory() / RATE_LIMITS_FILE
    except OSError as error:
        _stop(str(error), PERMISSION)


def _read(path: Path) -> dict[str, Any]:
    content, problem = layout.read_json(path) if path.exists() else ({}, None)
    if problem:
        _stop(f"✗ Configuration error: {problem}", FAILED)
    document = NO_RATE_LIMITS | content
    for name in ("endpoints", "settings"):
        if not isinstance(document[name], dict):
            _stop(f"✗ Configuration error: {name} must be an object", FAILED)
        document[name] = dict(document[name])
    return document


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        layout.write_json(path, content, mode=0o600)
    except OSError as error:
        _stop(f"{path} cannot be written: {error.strerror or error}", PERMISSION)


def _reset(path: Path, yes: bool) -> None:
    if not common.confirm(f"Replace {path} by the default limits?", yes, "--yes"):
        typer.echo("Cancelled.")
        return
    _write(path, NO_RATE_LIMITS)
    typer.echo("✓ Rate limits are reset")


def _list(content: dict[str, Any], as_json: bool) -> None:
    """List the entries of the file, then the default limits."""
    if as_json:
        built_in = {f"{method} {place}": _entry(limit) for method, place, limit in _table().TABLE}
        common.print_json(
            {"default": content["default"], "endpoints": content["endpoints"], "built_in": built_in}
        )
        return
    typer.echo(f"default: {_in_words(content['default'])}")
    for name, entry in sorted(content["endpoints"].items()):
        typer.echo(f"  {name}: {_in_words(entry)}")
    for method, place, limit in _table().TABLE:
        typer.echo(f"  {method} {place}: {limit.requests}/{limit.seconds}s (default)")


def _entry(limit: Any) -> dict[str, Any]:
    """Return a limit in the form of the file."""
    entry = {"max_requests": limit.requests, "window_seconds": limit.seconds}
    return entry | ({"burst_size": limit.burst} if limit.burst else {})


def _in_words(entry: Any) -> str:
    if not isinstance(entry, dict):
        return f"{entry!r} (no limit)"
    burst = f" (burst: {entry['burst_size']})" if entry.get("burst_size") else ""
    about = f" - {entry['description']}" if entry.get("description") else ""
    return f"{entry.get('max_requests')}/{entry.get('window_seconds', 60)}s{burst}{about}"


def _get(content: dict[str, Any], endpoint: str, as_json: bool) -> None:
    own = content["endpoints"].get(endpoint)
    method, space, place = endpoint.partition(" ")
    rates, _ = _table().read(content)
    limit = rates.limit(method.upper(), place.strip()) if space else rates.limit("GET", endpoint)
    if as_json:
        common.print_json(
            {
                "endpoint": endpoint,
                "is_default": own is None,
                **(own if isinstance(own, dict) else _entry(limit)),
            }
        )
    elif own is not None:
        typer.echo(f"{endpoint}: {_in_words(own)}")
    else:
        typer.echo(f"{endpoint}: {limit.requests}/{limit.seconds}s (using default)")


def _validate(content: dict[str, Any]) -> None:
    _, problems = _table().read(content)
    problems += [f"endpoints: {name} names no path" for name in content["endpoints"] if "/" not in name]
    if problems:
        _stop("\n".join(f"✗ Configuration error: {problem}" for problem in problems), FAILED)
    typer.echo("✓ Configuration is valid")


def _table() -> Any:
    """Return the server's table of limits."""
    use_server()
    from runicorn_site.security.rates import rate_table

    return rate_table


def _required(endpoint: str) -> str:
    if not endpoint.rpartition(" ")[2].startswith("/"):
        _stop("--endpoint is required, and its path begins with /", USAGE)
    return endpoint


def _stop(sentence: str, code: int) -> Never:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)

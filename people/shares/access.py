"""Allow-list of shared links: named routes, only for the shared runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from django.http import QueryDict
from django.urls import Resolver404, resolve

from metrics.live.urls import websocket_patterns as metric_sockets
from people.models import Share
from runicorn.store.layout import InvalidName
from runicorn.store.project import boards
from runicorn_site.transport.trailing_slash import canonical
from runicorn_site.web.readable import current
from runs.active_root import active_root
from runs.models import Run

SAFE = ("GET", "HEAD")
DEFAULT_BOARD = "default"
LIST = ("runs", "runs-panel")
"""The page of a comparison and of a board, and its panels."""
MEDIA = frozenset({"run-media", "run-document", "run-preview", "run-table"})
"""Files of runs in the grid of media."""
OF_A_RUN = MEDIA | frozenset(
    {
        *("run", "run-log", "run-series", "run-diff", "api-run-logs"),
        *("run-media-list", "run-histograms", "run-live-socket"),
    }
)
SMOOTHING = (
    *("smoothing", "smoothing_weight", "smoothing_half_life", "smoothing_window", "smoothing_sigma"),
    *("smoothing_unit", "smoothed_only"),
)
CURVES = frozenset({"names", "points", "x", "x_metric", "step_range", "time_range", "group_by", *SMOOTHING})
OF_RUNS: Mapping[str, frozenset[str]] = {
    "overlay": CURVES | {"ids", "band", "pixels"},
    "media-grid": frozenset({"ids", "media", "steps"}),
}
"""Data of the runs that `ids` names, with the parameters that a link may pass.

All others are refused: a new parameter that selects runs must not widen what links show.
"""
OF_LISTS: Mapping[str, frozenset[str]] = {
    "distribution": CURVES | {"members", "mark", "density", "scale", "everything", "against", "difference"},
    "verdicts": frozenset({"names", "group_by", "against", "column"}),
}
"""Curves of all runs of a list, and verdicts on them."""
FILTERS = frozenset(
    {"layout", "project", "board", "runs", "q", "status", "state", "tag", "where", "archived"}
)
"""Parameters of them that select the runs, which must be those of the list itself."""
PUBLIC = frozenset({"static-file"})
REFUSED_PARAMETERS = frozenset({"view", "undo", "refused"})
"""Of the list of runs: names of saved views, and ids of deleted runs."""

Values = Mapping[str, list[str]]


def start(share: Share) -> str:
    """Return path and query of the page that a share shows."""
    if share.kind == "run":
        return f"/runs/{share.target}"
    if share.kind == "report":
        return f"/runs/{share.target}/export?format=html"
    return f"/?{urlencode(_of_list(share))}"


def _of_list(share: Share) -> list[tuple[str, str]]:
    if share.kind == "compare":
        return [("layout", "charts"), ("runs", share.target)]
    project, board = share.board
    return [("layout", "charts"), ("project", project), ("board", board)]


def with_choices(address: str, query: str) -> str:
    """Return an address with the parameters of a query that it does not have, such as the choice of an axis."""
    path, _, own = address.partition("?")
    own_names = {name for name, _ in parse_qsl(own)}
    more = [(name, value) for name, value in parse_qsl(query) if name not in own_names]
    return f"{path}?{urlencode([*parse_qsl(own), *more])}" if own or more else path


def is_there(share: Share) -> bool:
    """Return whether a share is of the storage root in use, and its run or board exists."""
    root = active_root()
    if root.path != share.root:
        return False
    if share.kind == "board":
        project, name = share.board
        return project in current() and (name == DEFAULT_BOARD or _has_board(Path(root.path), project, name))
    return Run.objects.in_root(root).filter(run_id__in=share.run_ids, deleted=None).exists()


def _has_board(root: Path, project: str, name: str) -> bool:
    try:
        return name in boards.names(root, project)
    except (InvalidName, OSError):
        return False


def is_allowed(share: Share, method: str, path: str, query: str, *, socket: bool = False) -> bool:
    """Return whether a link allows a request.

    Args:
        share: of the link.
        method: of the request.
        path: decoded, without the prefix of the link.
        query: as received.
        socket: whether it is a handshake of a WebSocket.
    """
    route = _route(path, socket)
    if route is None or method not in SAFE:
        return False
    name, arguments = route
    if name in PUBLIC:
        return not socket
    values: Values = dict(QueryDict(query).lists())
    if share.kind == "run":
        # The board of another name may be about other runs.
        return name in OF_A_RUN and arguments["run_id"] == share.target and "board" not in values
    if share.kind == "report":
        is_html = values.get("format") == ["html"]
        return name == "export-run" and arguments["run_id"] == share.target and is_html
    if name in LIST:
        return _is_own_list(share, values)
    if name in MEDIA:
        return _are_shared(share, [arguments["run_id"]])
    if name in OF_LISTS:
        is_known = values.keys() <= OF_LISTS[name] | FILTERS
        return is_known and _is_own_list(share, values) and _are_shared(share, _ids(values, "against"))
    run_ids = _ids(values, "ids")
    is_known = values.keys() <= OF_RUNS.get(name, frozenset())
    return name in OF_RUNS and is_known and bool(run_ids) and _are_shared(share, run_ids)


def _route(path: str, socket: bool) -> tuple[str, dict[str, str]] | None:
    """Return the name of the route at a path, and what its pattern matches."""
    if socket:
        matches = (pattern.resolve(path.removeprefix("/")) for pattern in metric_sockets)
        match = next(filter(None, matches), None)
    else:
        try:
            match = resolve(canonical(path))
        except Resolver404:
            return None
    return (match.url_name, match.kwargs) if match is not None and match.url_name else None


def _is_own_list(share: Share, values: Values) -> bool:
    if REFUSED_PARAMETERS & values.keys():
        return False
    if any(values.get(name) != [value] for name, value in _of_list(share) if name != "runs"):
        return False
    # Without an id the list has all runs.
    if share.kind == "compare" and ({"project", "board"} & values.keys() or not _ids(values, "runs")):
        return False
    added = [value for value in values.get("show", []) if value and value != "all"]
    return _are_shared(share, [*_ids(values, "runs"), *added])


def _ids(values: Values, name: str) -> list[str]:
    return [part.strip() for text in values.get(name, []) for part in text.split(",") if part.strip()]


def _are_shared(share: Share, run_ids: Iterable[str]) -> bool:
    requested = set(run_ids)
    return not requested or IS_SHARED[share.kind](share, requested)


def _in_project(share: Share, run_ids: set[str]) -> bool:
    project, _ = share.board
    runs = Run.objects.in_root(active_root()).filter(run_id__in=run_ids, project=project)
    return runs.count() == len(run_ids)


IS_SHARED: Mapping[str, Callable[[Share, set[str]], bool]] = {
    "compare": lambda share, run_ids: run_ids <= set(share.run_ids),
    "board": _in_project,
}

"""Requests by shared links: each of them names runs, and they are shared."""

from __future__ import annotations

import pytest
import requests
from django.http import QueryDict

from metrics.api.distribution import CurvesQuery
from metrics.api.requests import OverlayQuery
from metrics.pages.verdicts import VerdictsQuery
from people.models import Share
from people.shares import access
from people.shares.access import is_allowed
from runicorn.api.responses.shares import Kind
from runs.pages.table.state import CHART_PARAMETERS, TableState
from tests.server.shares.conftest import FIRST, OTHER, SECOND, TOKEN, Lab
from tests.server.shares.test_a_link_shows_one_thing_and_nothing_else import get

COMPARISON = f"layout=charts&runs={FIRST},{SECOND}"
BOARD = "layout=charts&project=vision&board=default"
LISTS = ("/", "/runs-panel")
BY_IDS = ("/series", "/runs-media")
NO_IDS = ("", "ids=", "ids=,", "ids=%20", "ids=&ids=", f"ids=,&IDS={FIRST}")
ELSEWHERE = (
    "project=secret",
    "project=",
    "where=name%20%3D%20net-c",
    "where=",
    "runs=",
    f"runs={OTHER}",
    "q=net",
)
CURVES = "names=loss&points=100&x=step&step_range=1:9&smoothing=ema&smoothing_weight=0.5"


def queries(kind: Kind) -> dict[str, tuple[list[str], list[str]]]:
    """Return the queries of each route that a link of a list allows, and those that it refuses."""
    own = COMPARISON if kind == "compare" else BOARD
    selection = f"{own}&runs={FIRST}" if kind == "board" else f"layout=charts&runs={FIRST}"
    of_list = [own, f"{own}&x=time&utm_source=wiki", f"{own}&show={FIRST}", f"{own}&where=name%20%3D%20x"]
    others = [
        *(own.replace(part, "") for part in own.split("&")),
        *(own.replace(part, f"{part.split('=')[0]}=") for part in own.split("&")),
        *(f"{own}&{more}" for more in (f"runs={OTHER}", f"show={OTHER}", "project=secret", "board=other")),
        *(f"{own}&{more}" for more in ("view=mine", f"undo={OTHER}", "refused=1", "layout=table")),
    ]
    if kind == "compare":
        others += [f"{own}&project=vision", f"{own}&board=default"]
    whole = f"{CURVES}&group_by=config.lr&members=40&mark={FIRST}&density=5&scale=log&everything=true"
    by_ids = [f"ids={FIRST}", f"ids={FIRST},{SECOND}", f"ids={FIRST}&ids={SECOND}"]
    by_no_ids = [
        *NO_IDS,
        *ELSEWHERE,
        *(f"ids={FIRST}&{more}" for more in ELSEWHERE),
        *(f"ids={FIRST}{more}" for more in (f",{OTHER}", f"&ids={OTHER}", "&anything=1")),
    ]
    return {
        **dict.fromkeys(LISTS, (of_list, others)),
        "/series": ([f"{ids}&{CURVES}&group_by=tag&band=true" for ids in by_ids], by_no_ids),
        "/runs-media": ([f"{ids}&media=m&steps=1:2" for ids in by_ids], by_no_ids),
        "/series/verdicts": (
            [
                f"{own}&names=loss&against={FIRST}",
                f"{selection}&names=loss&group_by=tag&against={SECOND}&column=loss.best",
            ],
            [
                *(f"{query}&names=loss&against={FIRST}" for query in others),
                *(
                    f"{own}&names=loss&{more}"
                    for more in (f"against={OTHER}", "against=baseline", "anything=1")
                ),
            ],
        ),
        "/series/distribution": (
            [
                f"{own}&{whole}",
                f"{selection}&{CURVES}&members=1&against={SECOND}&difference=relative",
            ],
            [
                *(f"{query}&{whole}" for query in others),
                *(f"{own}&{whole}&{more}" for more in (f"against={OTHER}", "against=baseline", "anything=1")),
                *(f"{own}&{whole}&ids={ids}" for ids in (FIRST, OTHER, "")),
                whole,
                "project=vision&names=loss",
                "where=name%20%3D%20net-c&names=loss",
            ],
        ),
    }


@pytest.mark.parametrize(("kind", "target"), [("compare", f"{FIRST},{SECOND}"), ("board", "vision/default")])
def test_a_link_allows_named_runs_only(lab: Lab, kind: Kind, target: str) -> None:
    link = lab.link(kind, target)
    for path, (allowed, refused) in queries(kind).items():
        for query in allowed:
            answer = get(f"{link}{path}?{query}")
            assert answer.status_code == 200, (path, query, answer.text)
            assert OTHER not in answer.text
        for query in refused:
            is_start = path == "/" and "layout=" not in query  # which leads to the shared page
            assert get(f"{link}{path}?{query}").status_code == (307 if is_start else 403), (path, query)
    for path in (*BY_IDS, "/series/distribution", "/runs-panel"):
        assert get(f"{link}{path}").status_code == 403, path
        arrow = {"Accept": "application/vnd.apache.arrow.stream"}
        assert get(f"{link}{path}?project=secret&names=loss", headers=arrow).status_code == 403, path
    for path in (
        *(
            "series",
            "series/distribution",
            "groups",
            "verdict",
            "replicas",
            "importance",
            "differ",
            "nearest",
        ),
        *("experiments", "samples", "samples/compare"),
    ):
        for query in ("", f"ids={FIRST}", f"project=vision&ids={FIRST}", "where=name%20%3D%20net-c"):
            assert get(f"{link}/api/v2/{path}?{query}").status_code in (403, 404), path
    for path in (
        "/runs-matching",
        "/runs-filter",
        "/runs-keys",
        "/runs-where",
        "/compare/differ",
        "/projects",
    ):
        assert get(f"{link}{path}?{COMPARISON}").status_code == 403, path
    assert get(f"{link}/runs/{FIRST}/export?format=html").status_code == 403


@pytest.mark.parametrize("kind", ["run", "report"])
def test_the_link_of_a_run_reads_no_list(lab: Lab, kind: Kind) -> None:
    link = lab.link(kind, FIRST)
    for path in (*LISTS[1:], *BY_IDS, "/series/distribution"):
        for query in ("", COMPARISON, BOARD, f"ids={FIRST}", "project=secret&names=loss"):
            assert get(f"{link}{path}?{query}").status_code == 403, (path, query)
    for more in ("ids", "runs", "project", "where"):
        answer = get(f"{link}/runs/{FIRST}/series?names=loss&{more}={OTHER}")
        assert answer.status_code == (200 if kind == "run" else 403) and OTHER not in answer.text


@pytest.mark.parametrize("kind", ["run", "report", "compare", "board"])
def test_no_link_reads_without_a_query_what_names_its_runs_there(kind: Kind) -> None:
    target = {"compare": f"{FIRST},{SECOND}", "board": "vision/default"}.get(kind, FIRST)
    share = Share("", kind, target, "/store", 0.0)
    for path in ("/", "/runs-panel", *BY_IDS, "/series/distribution"):
        assert not is_allowed(share, "GET", path, "")


def test_links_know_every_parameter() -> None:
    """A new parameter is refused until it is in the lists of `access`, and one that selects runs is not."""
    assert set(OverlayQuery().fields) - access.OF_RUNS["overlay"] == {"where", "project"}
    assert access.OF_RUNS["overlay"] <= set(OverlayQuery().fields)
    assert set(CurvesQuery().fields) == access.OF_LISTS["distribution"]
    assert set(VerdictsQuery().fields) == access.OF_LISTS["verdicts"]
    keys: set[str] = set()

    class Recorder(QueryDict):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            keys.add(key)
            return super().get(key, default)

        def getlist(self, key: str, default: object = None) -> list[str]:  # type: ignore[override]
            keys.add(key)
            return super().getlist(key, default)  # type: ignore[arg-type]

    TableState.read(Recorder("x=1"))
    of_columns = {"col", "add", "sort", "page", "size", "statistic", "open", "having"}
    assert keys - of_columns - set(CHART_PARAMETERS) - {"view"} == access.FILTERS - {"board"}


def test_a_link_shows_a_baseline_only_with_its_runs(lab: Lab) -> None:
    both, single = lab.link("compare", f"{FIRST},{SECOND}"), lab.link("compare", FIRST)
    board = lab.link("board", "vision/default")
    address = f"{lab.viewer.url}/api/v2/projects/vision/baseline"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    requests.put(address, json={"run_ids": [SECOND]}, headers=headers, timeout=30).raise_for_status()
    try:
        for link in (both, board):
            get(f"{link}/series?ids={FIRST},{SECOND}&names=loss").raise_for_status()
            page = requests.get(f"{link}/?sort=metric.loss.last", timeout=30).text
            assert f'data-baseline="{SECOND}"' in page
            assert "against the baseline" in page
        page = requests.get(f"{single}/?sort=metric.loss.last", timeout=30).text
        panel = get(f"{single}/runs-panel?layout=charts&runs={FIRST}").text
        for text in (page, panel):
            assert SECOND not in text and 'data-baseline=""' in text and "against the baseline" not in text
    finally:
        requests.put(address, json={"run_ids": []}, headers=headers, timeout=30).raise_for_status()

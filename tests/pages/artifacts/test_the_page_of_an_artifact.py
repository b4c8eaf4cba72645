"""The page of an artifact lists versions, moves aliases and compares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import runicorn as rn
from artifacts.index import discovery
from artifacts.pages import artifact
from artifacts.services import curation, lookup
from tests.pages.markup import Markup

Page = Callable[..., Markup]
Send = Callable[..., str]
pytestmark = pytest.mark.django_db


def test_versions_stand_newest_first_with_their_runs(page: Page, model: str, run: rn.Run) -> None:
    markup = page(model)
    assert markup.texts("h1") == ["m"]
    assert markup.texts("a", "name") == ["v3", "v2", "v1"]
    makers = [element for element in markup.all("a", "inline-clip") if element.text == "n"]
    assert {element.attributes["href"] for element in makers} == {f"/runs/{run.id}"} and len(makers) == 3
    dataset = page("/artifacts/dataset/d")
    assert len([element for element in dataset.all("a", "inline-clip") if element.text == "n"]) == 2


def test_deleted_versions_are_shown_on_demand(page: Page, model: str) -> None:
    page(model)
    curation.soft_delete(version=lookup.get_version("m", 2))
    assert page(model).texts("a", "name") == ["v3", "v1"]
    link = next(element for element in page(model).all("a") if element.text == "Show deleted (1)")
    markup = page(link.attributes["href"])
    assert markup.texts("a", "name") == ["v3", "v2", "v1"]
    assert [row.text.split()[0] for row in markup.all("tr", "gone")] == ["v2"]


def test_aliases_are_added_moved_and_removed(page: Page, send: Send, client: Client, model: str) -> None:
    page(model)
    assert send(f"{model}/alias", alias="best", version="v2") == f"{model}#aliases"
    assert "best" in page(model).texts("b", "clip")
    send(f"{model}/alias", alias="best", version="1")
    assert lookup.get_artifact("m").aliases == {"latest": 3, "best": 1}
    send(f"{model}/alias", alias="best", version="1", remove="1")
    assert lookup.get_artifact("m").aliases == {"latest": 3}
    for fields in (
        {"alias": "latest", "version": "1"},
        {"alias": "a b", "version": "1"},
        {"alias": "x", "version": "one"},
        {"alias": "x"},
        {"alias": "v4", "version": "1"},
    ):
        answer = client.post(f"{model}/alias", fields)
        assert answer.status_code == 400, fields
        assert Markup(answer.content.decode()).texts("p", "failed"), fields
    answer = client.post(f"{model}/alias", {"alias": "x", "version": "9"})
    markup = Markup(answer.content.decode())
    assert answer.status_code == 404 and "m:v9" in markup.texts("p", "failed")[0]
    typed = {
        element.attributes.get("aria-label"): element.attributes.get("value")
        for element in markup.all("input")
    }
    assert typed["New alias"] == "x" and typed["Version of the new alias"] == "9"
    assert lookup.get_artifact("m").aliases == {"latest": 3}


def test_many_aliases_and_tags_are_cut_and_counted(
    page: Page, run: rn.Run, write: Callable[..., Path]
) -> None:
    tags = [f"tag-{number}" for number in range(40)]
    run.log_artifact(rn.Artifact("m").add_file(write("f")).add_tags(*tags))
    aliases = page("/artifacts/model/m").texts("span", "aliases")[0]
    assert aliases.split() == ["latest", "tag-0", "tag-1", "+38"]
    version = page("/artifacts/model/m/v1")
    assert version.texts("summary", "linklike")[0] == "29 more"
    assert version.texts("span", "tag")[:1] == ["model"] and len(version.all("span", "tag")) == 41


def test_versions_are_sorted_by_their_metadata(page: Page, run: rn.Run, write: Callable[..., Path]) -> None:
    for accuracy in (0.5, 0.9, None, 0.7):
        metadata = {"arch": "resnet", "val": {"acc": accuracy}, "note": f"try {accuracy}", "shape": [1, 2]}
        run.log_artifact(rn.Artifact("m", metadata=metadata).add_file(write("f")))
    markup = page("/artifacts/model/m")
    heads = [element.text for element in markup.all("th")]
    assert heads[3:5] == ["val.acc", "note"] and not {"arch", "shape"} & {*heads}
    assert markup.texts("td", "number")[:4] == [
        "0.7",
        "1",
        markup.texts("td", "c-size")[0],
        markup.texts("td", "c-when")[0],
    ]
    link = next(element for element in markup.all("a") if element.text == "val.acc")
    down = page(link.attributes["href"])
    assert down.texts("a", "name") == ["v2", "v4", "v1", "v3"]
    assert [
        element.text for element in down.all("th") if element.attributes.get("aria-sort") == "descending"
    ] == ["val.acc"]
    link = next(element for element in down.all("a") if element.text == "val.acc")
    assert page(link.attributes["href"]).texts("a", "name") == ["v1", "v4", "v2", "v3"]
    assert page("/artifacts/model/m?sort=metadata.none").texts("a", "name") == ["v4", "v3", "v2", "v1"]
    assert page("/artifacts/model/m?sort=created").texts("a", "name") == ["v1", "v2", "v3", "v4"]


def test_sorted_pages_of_versions_follow_each_other(
    page: Page, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact, "SIZE", 2)
    first = page(f"{model}?sort=metadata.acc")
    assert first.texts("a", "name") == ["v1", "v2"]
    following = next(element for element in first.all("a") if element.attributes.get("rel") == "next")
    assert page(following.attributes["href"]).texts("a", "name") == ["v3"]


def test_ticked_versions_are_compared(page: Page, model: str) -> None:
    ticks = [element for element in page(model).all("input") if element.attributes.get("type") == "checkbox"]
    assert [element.attributes["value"] for element in ticks] == ["3", "2", "1"]
    assert page(f"{model}/compare?v=3&v=1").texts("h1") == ["m v1 → v3"]
    assert page(f"{model}/compare?v=2").texts("h1") == ["m v1 → v2"]
    assert page(f"{model}/compare?v=x").texts("h1") == ["m v2 → v3"]


def test_two_versions_are_compared(page: Page, model: str) -> None:
    markup = page(f"{model}/compare?a=1&b=3")
    assert markup.texts("a", "chip") == ["Differences 2", "Changed 1", "Added 1", "Removed 0", "Same 1"]
    rows = markup.texts("tr")
    for row in ("own.txt changed 5 B 5 B", "new.txt added – 3 B", "acc 0.1 0.3", "description try 1 try 3"):
        assert row in rows
    assert "2 identical values" in markup.texts("main")[0]
    assert "same.txt" in page(f"{model}/compare?a=1&b=3&show=same").texts("main")[0]
    back = page(f"{model}/compare?a=3&b=1")
    assert "Removed 1" in back.texts("a", "chip")
    assert page(f"{model}/compare").texts("h1") == ["m v2 → v3"]
    for query in ("a=9&b=1", "a=x&b=1", f"a={10**12}&b=1"):
        page(f"{model}/compare?{query}", status=404)


def test_a_version_without_a_predecessor_is_compared_with_itself(page: Page, model: str) -> None:
    assert "All files are identical." in page("/artifacts/dataset/d/compare").texts("main")[0]


def test_the_number_of_queries_does_not_grow_with_the_versions(
    page: Page, client: Client, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "YOUNG_NANOSECONDS", 0)
    page(model)
    counts = []
    for address in ("/artifacts/dataset/d", model):
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        counts.append(len(captured))
    assert counts[1] <= counts[0] <= 30, counts


def test_the_first_of_many_runs_are_listed(page: Page, model: str, store: Path) -> None:
    for number in range(4):
        name = f"user-{number}"
        with rn.init("p", name, storage=store, capture_env=False, system_metrics=False) as user:
            user.use_artifact("m:v1")
    row = page(model).texts("tr")[-1]
    assert "user-0, user-1 and 2 more" in row and "user-3" not in row
    assert "user-3" in page(f"{model}/v1").texts("section", "region")[2]


def test_many_versions_are_shown_in_pages(page: Page, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "SIZE", 2)
    assert page(f"{model}?page=2").texts("a", "name") == ["v1"]


@pytest.mark.parametrize(
    "address",
    [
        "/artifacts/model/no",
        "/artifacts/nonsense/m",
        "/artifacts/dataset/m",
        "/artifacts/model/m/v9",
        "/artifacts/model/m/v99999999999999999999",
    ],
)
def test_missing_artifacts_have_a_not_found_page(page: Page, model: str, address: str) -> None:
    markup = page(address, status=404)
    assert "not found" in markup.texts("p", "sentence")[0]


def test_two_types_may_have_an_artifact_of_the_same_name(page: Page, model: str, run: rn.Run) -> None:
    run.log_artifact(rn.Artifact("m", "config").add_reference("https://example.org/x"))
    assert page(model).texts("a", "name") == ["v3", "v2", "v1"]
    markup = page("/artifacts/config/m/v1")
    assert "This version has no files, only references." in markup.texts("main")[0]
    assert "https://example.org/x" in markup.texts("code")

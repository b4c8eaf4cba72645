"""The page of a version shows all fields, edits them, and deletes and restores."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

import runicorn as rn
from artifacts.services import curation, lookup, maintenance
from runicorn.artifacts import verify
from tests.pages.artifacts.conftest import JUST_NOW
from tests.pages.markup import Markup
from tests.server.artifacts.test_damaged_contents import damage

Page = Callable[..., Markup]
Send = Callable[..., str]
pytestmark = pytest.mark.django_db


def facts(markup: Markup) -> dict[str, str]:
    return dict(zip(markup.texts("dt"), markup.texts("dd"), strict=True))


def test_the_page_shows_all_fields(page: Page, model: str, run: rn.Run) -> None:
    markup = page(f"{model}/v3")
    about = facts(markup)
    assert (about["Files"], about["Size"], about["Made by"]) == ("3", "12 B", "n")
    assert (about["acc"], about["optim.lr"]) == ("0.3", "0.1")
    assert about["Digest"].startswith("sha256:") and about["Verified"].startswith("never")
    assert markup.texts("p", "description") == ["try 3"] and markup.texts("b", "alias") == ["latest"]
    assert markup.texts("span", "tag") == ["model", "first tag", "second"]
    files = [element for element in markup.all("a", "clip") if "file=" in element.attributes["href"]]
    assert [element.text for element in files] == ["new.txt", "own.txt", "same.txt"]
    assert "n p" in markup.texts("section", "region")[2]


def test_the_forms_have_the_current_values(page: Page, send: Send, model: str) -> None:
    markup = page(f"{model}/v1")
    fields = {area.attributes["name"]: "".join(area.pieces) for area in markup.all("textarea")}
    before = lookup.get_version("m", 1)
    assert json.loads(fields["metadata"]) == before.metadata
    send(f"{model}/v1/describe", **fields)
    after = lookup.get_version("m", 1)
    assert after.tags == before.tags == ["first tag", "second"]
    assert (after.description, after.metadata) == (before.description, before.metadata)


def test_the_forms_change_the_version(page: Page, send: Send, model: str) -> None:
    page(model)
    here = f"{model}/v1"
    send(f"{here}/describe", description="new\r\nlines", tags="x y\r\n\r\nz\r\nz")
    version = lookup.get_version("m", 1)
    assert (version.description, version.tags) == ("new\nlines", ["x y", "z"])
    assert version.metadata == {"acc": 0.1, "optim": {"lr": 0.1}}
    send(f"{here}/describe", metadata='{"b": [1, null]}')
    version = lookup.get_version("m", 1)
    assert (version.metadata, version.description) == ({"b": [1, None]}, "new\nlines")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("metadata", "{oh no", "Invalid JSON"),
        ("metadata", "[1]", "must be a JSON object"),
        ("tags", "t" * 101, "A tag must have 1 to 100 characters"),
        ("description", "d" * 10_001, "must not have more than 10000"),
    ],
)
def test_invalid_input_is_shown_and_kept_in_the_form(
    page: Page, client: Client, model: str, field: str, value: str, sentence: str
) -> None:
    page(model)
    answer = client.post(f"{model}/v1/describe", {field: value})
    markup = Markup(answer.content.decode())
    assert answer.status_code == 400 and sentence in markup.texts("p", "failed")[0]
    assert value in [area.text for area in markup.all("textarea")]
    assert lookup.get_version("m", 1).description == "try 1"


def test_deleting_can_be_undone_and_only_then_made_final(page: Page, send: Send, model: str) -> None:
    page(model)
    here = f"{model}/v3"
    send(f"{here}/remove", confirm="true")
    assert lookup.get_version("m", 3).deleted is None
    assert send(f"{here}/delete") == here
    markup = page(here)
    assert re.match(rf"This version was deleted ({JUST_NOW})", markup.texts("div", "notice")[0])
    assert lookup.get_artifact("m").latest == 2
    send(f"{here}/restore")
    assert lookup.get_artifact("m").latest == 3
    send(f"{here}/delete")
    send(f"{here}/remove")
    page(here)
    promised = maintenance.freed_by(versions=[lookup.get_version("m", 3)])
    location = send(f"{here}/remove", confirm="true")
    assert location == f"{model}?removed=3&freed={promised}"
    assert "Version 3 was permanently deleted" in page(location).texts("p", "notice")[0]
    page(here, status=404)


def test_the_page_shows_how_many_gigabytes_a_deletion_freed(page: Page, model: str) -> None:
    (notice,) = page(f"{model}?removed=3&freed=5368709120").texts("p", "notice")
    assert notice == "Version 3 was permanently deleted. 5.0 GiB freed."


def test_the_bytes_that_a_deletion_frees_are_exact(page: Page, model: str, store: Path) -> None:
    page(model)
    version = curation.soft_delete(version=lookup.get_version("m", 2))
    before = sum(path.stat().st_size for path in _files(store))
    promised = maintenance.freed_by(versions=[version])
    assert curation.delete_for_good(version=version) == promised
    after = sum(path.stat().st_size for path in _files(store))
    assert promised >= len("own 2") and before - after >= promised - 4096


def _files(store: Path) -> list[Path]:
    inodes: dict[int, Path] = {}
    for path in (store / "artifacts").rglob("*"):
        if path.is_file():
            inodes.setdefault(path.stat().st_ino, path)
    return list(inodes.values())


def test_a_damaged_version_is_found_and_named(page: Page, send: Send, model: str) -> None:
    page(model)
    send(f"{model}/v1/verify")
    assert re.match(JUST_NOW, facts(page(f"{model}/v1"))["Verified"])
    version = lookup.get_version("m", 1)
    entry = version.on_disk.manifest.file("own.txt")
    for place in verify.places(version.on_disk, entry):
        damage(place)
    send(f"{model}/v1/verify")
    markup = page(f"{model}/v1")
    assert "1 file of this version is damaged: own.txt" in markup.texts("p", "failed")[0]
    assert "corrupted" in markup.texts("span", "failed")
    looked = page(f"{model}/v1?file=own.txt")
    assert "damaged in the store" in " ".join(looked.texts("p", "failed"))


def test_forms_are_sent_with_a_token(page: Page, model: str) -> None:
    guarded = Client(enforce_csrf_checks=True)
    page(model)
    for verb in ("describe", "delete", "restore", "verify", "remove"):
        assert guarded.post(f"{model}/v1/{verb}").status_code == 403
        assert guarded.get(f"{model}/v1/{verb}").status_code == 405
    forms = [form for form in page(f"{model}/v1").all("form") if form.attributes.get("method") == "post"]
    tokens = [
        element
        for element in page(f"{model}/v1").all("input")
        if element.attributes.get("name") == "csrfmiddlewaretoken"
    ]
    assert len(forms) == len(tokens) > 2


ODD = ["it's ”quoted”", "a & b ‹c", "模型 ünï", "100% #1", "n" * 128, "{{ 7 }}"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_shown_as_they_are(
    page: Page, client: Client, run: rn.Run, write: Callable[..., Path], name: str
) -> None:
    path = f"deep dir/{name[:40]} <b>\"'&.txt"
    artifact = rn.Artifact(name, metadata={"<i>": "<script>alert(1)</script>"}, description="<b>bold</b>")
    run.log_artifact(artifact.add_file(write("f", "<script>x</script>"), path).add_tags("<u>"))
    list_page = page("/artifacts")
    link = list_page.all("a", "name")[0].attributes["href"]
    assert page(link).texts("h1") == [name]
    markup = page(f"{link}/v1")
    assert markup.texts("h1") == [f"{name} v1"] and markup.texts("p", "description") == ["<b>bold</b>"]
    assert not [
        element
        for element in markup.elements
        if element.tag in ("i", "u", "script") and "src" not in element.attributes
    ]
    address = next(
        element.attributes["href"]
        for element in markup.all("a", "clip")
        if "file=" in element.attributes["href"]
    )
    assert page(address.partition("#")[0]).texts("pre", "text") == ["<script>x</script>"]
    download = next(
        element.attributes["href"]
        for element in markup.all("a", "small")
        if "/files/" in element.attributes["href"]
    )
    assert not re.search(r'[<>" ]', download)
    assert b"".join(client.get(download).streaming_content) == b"<script>x</script>"


def test_the_run_page_has_what_the_run_made_and_used(page: Page, model: str, run: rn.Run) -> None:
    run.finish()
    markup = page(f"/runs/{run.id}")
    panel = next(element for element in markup.all("section") if element.attributes.get("id") == "artifacts")
    links = [element.attributes["href"] for element in markup.all("a", "name") if panel in element.parents]
    assert links == [
        "/artifacts/dataset/d/v1",
        f"{model}/v1",
        f"{model}/v2",
        f"{model}/v3",
        "/artifacts/dataset/d/v1",
    ]
    assert "Artifacts 5" in [
        element.text for element in markup.all("button") if element.attributes.get("role") == "tab"
    ]


def test_a_run_without_artifacts_has_no_panel(page: Page, run: rn.Run) -> None:
    markup = page(f"/runs/{run.id}")
    panel = next(element for element in markup.all("section") if element.attributes.get("id") == "artifacts")
    assert "hidden" in panel.attributes

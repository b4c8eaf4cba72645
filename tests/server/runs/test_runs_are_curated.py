from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from runs.active_root import active_root
from runs.query.find import find_runs
from tests.answers import read
from tests.folders import folder_of
from tests.server.runs.conftest import row


def curation(store: Path, run_id: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder_of(store, run_id) / "curation.json").read_text())
    return content


def find_ids(**filters: Any) -> set[str]:
    runs = find_runs(active_root(), include_deleted=True, **filters).runs
    return set(runs.values_list("run_id", flat=True))


def test_an_edit_is_in_the_folder_and_in_the_response(store: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store, tags=["from the script"], notes="said by the script")
    before = read(api.get(f"/api/runs/{run_id}"))
    assert (before["tags"], before["description"]) == (["from the script"], "said by the script")
    change = {"tags": ["good", "paper", "good"], "description": "the one", "pinned": True, "archived": True}
    run = read(api.patch(f"/api/runs/{run_id}", change))
    assert run | change | {"tags": ["good", "paper"]} == run
    fields = curation(store, run_id)
    assert {key: fields[key] for key in change} == change | {"tags": ["good", "paper"]}
    assert fields["by"]
    assert abs(fields["at"] - time.time()) < 60
    assert read(api.get(f"/api/runs/{run_id}")) == run


def test_missing_fields_keep_their_value(store: Path, make_run: Any, api: Any) -> None:
    run_id = make_run(store, tags=["a"])
    read(api.patch(f"/api/runs/{run_id}", {"description": "text"}))
    run = read(api.patch(f"/api/runs/{run_id}", {"pinned": True}))
    assert (run["tags"], run["description"], run["pinned"], run["archived"]) == (["a"], "text", True, False)
    assert read(api.patch(f"/api/runs/{run_id}", {"tags": []}))["tags"] == []
    assert read(api.patch(f"/api/runs/{run_id}", {"pinned": False}))["pinned"] is False


def test_a_paragraph_is_added_to_the_description_in_the_file(
    store: Path, make_run: Any, look: Any, api: Any
) -> None:
    run_id = make_run(store)
    look()
    (folder_of(store, run_id) / "curation.json").write_text('{"description": "theirs"}')
    run = read(api.patch(f"/api/runs/{run_id}", {"append_description": "ours", "pinned": True}))
    assert (run["description"], run["pinned"]) == ("theirs\n\nours", True)
    assert curation(store, run_id)["description"] == "theirs\n\nours"
    for body in ({"append_description": "x" * 99_995}, {"append_description": "x", "description": "y"}):
        refused = api.patch(f"/api/runs/{run_id}", body)
        assert refused.status_code == 400 and list(refused.json()["errors"]) == ["append_description"]
    assert curation(store, run_id)["description"] == "theirs\n\nours"


def test_edits_of_another_viewer_are_kept(store: Path, make_run: Any, look: Any, api: Any) -> None:
    run_id = make_run(store)
    look()
    (folder_of(store, run_id) / "curation.json").write_text('{"tags": ["theirs"], "colour": "red"}')
    read(api.patch(f"/api/runs/{run_id}", {"pinned": True}))
    assert curation(store, run_id)["tags"] == ["theirs"]
    assert curation(store, run_id)["colour"] == "red"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tags": "one"}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"tags": [{"a": 1}]}, "tags"),
        ({"pinned": "perhaps"}, "pinned"),
        ({"description": 5}, "description"),
        ({"append_description": ""}, "append_description"),
    ],
)
def test_bad_input_is_named(store: Path, make_run: Any, api: Any, body: dict[str, Any], field: str) -> None:
    run_id = make_run(store)
    answer = api.patch(f"/api/runs/{run_id}", body)
    assert answer.status_code == 400
    assert field in answer.json()["detail"]
    assert list(answer.json()["errors"]) == [field]
    assert not (folder_of(store, run_id) / "curation.json").exists()


def test_several_runs_are_tagged_at_once(store: Path, make_run: Any, api: Any) -> None:
    first, second = make_run(store, tags=["old", "kept"]), make_run(store)
    body = {"run_ids": [first, second, "20200101_000000_000000"], "add": ["new"], "remove": ["old"]}
    answer = read(api.post("/api/runs/tags", body))
    assert answer == {
        "updated": 2,
        "results": {
            first: {"success": True},
            second: {"success": True},
            "20200101_000000_000000": {"success": False, "error": "run not found"},
        },
    }
    assert read(api.get(f"/api/runs/{first}"))["tags"] == ["kept", "new"]
    assert find_ids(tags=["new"]) == {first, second}
    assert find_ids(tags=["new", "kept"]) == {first}
    assert find_ids(tags=["old"]) == set()


def test_a_tag_is_removed_by_its_shown_form(store: Path, make_run: Any, look: Any, api: Any) -> None:
    run_id = make_run(store)
    (folder_of(store, run_id) / "curation.json").write_text('{"tags": [" old ", "kept", 5, "\\ud800"]}')
    assert read(api.get(f"/api/runs/{run_id}"))["tags"] == ["old", "kept", "\ufffd"]
    read(api.post("/api/runs/tags", {"run_ids": [run_id], "remove": ["old"]}))
    assert read(api.get(f"/api/runs/{run_id}"))["tags"] == ["kept", "\ufffd"]
    assert curation(store, run_id)["tags"] == ["kept", "\ufffd"]


def test_tags_and_descriptions_are_searched(store: Path, make_run: Any, api: Any) -> None:
    run_id, _ = make_run(store), make_run(store)
    read(api.patch(f"/api/runs/{run_id}", {"tags": ["Überraschung"], "description": "about transformers"}))
    assert find_ids(search="ÜBERRASCH former") == {run_id}
    read(api.patch(f"/api/runs/{run_id}", {"tags": [], "description": ""}))
    assert find_ids(search="former") == set()


def test_the_older_routes_work_as_documented(store: Path, make_run: Any, look: Any, api: Any) -> None:
    first, second = make_run(store, tags=["a"]), make_run(store, project="other")
    look()
    assert read(api.post("/api/experiments/tag", {"run_id": first, "tags": ["b"]})) == {"success": True}
    read(api.post("/api/experiments/tag", {"run_id": second, "tags": ["c"], "append": False}))
    read(api.patch(f"/api/runs/{second}", {"archived": True}))

    def search(query: str) -> list[str]:
        return [entry["id"] for entry in read(api.get(f"/api/experiments/search?{query}"))["experiments"]]

    assert search("tags=a,b") == [first]
    assert search("") == [first]
    assert set(search("archived=true")) == {first, second}
    assert search("project=other&archived=true") == [second]
    assert search("text=vision resnet") == [first]
    assert api.post("/api/experiments/tag", {"tags": ["b"]}).json()["detail"] == "run_id is required"
    assert api.delete("/api/experiments/delete", {}).json()["detail"] == "run_ids are required"
    assert read(api.delete("/api/experiments/delete", {"run_ids": [first]})) == {"results": {first: True}}
    assert folder_of(store, first).is_dir()
    forced = {"run_ids": [second], "force": True}
    assert read(api.delete("/api/experiments/delete", forced)) == {"results": {second: True}}
    assert not list(store.glob(f"**/{second}"))


def test_the_admin_site_writes_through_the_services(store: Path, make_run: Any, look: Any) -> None:
    run_id, _ = make_run(store, name="findme"), make_run(store)
    look()
    key = row(run_id).pk
    page = Client().get("/admin/runs/run/?q=findme")
    assert page.status_code == 200
    assert page.content.count(b'name="_selected_action"') == 1
    address = f"/admin/runs/run/{key}/change/"
    assert Client().get(address).status_code == 200
    answer = Client().post(address, {"tags": "a\nb\n", "description": "text", "archived": "on"})
    assert answer.status_code == 302, answer.content
    fields = curation(store, run_id)
    assert (fields["tags"], fields["description"], fields["archived"]) == (["a", "b"], "text", True)
    assert row(run_id).tags == ["a", "b"]


def test_the_admin_site_adds_and_deletes_nothing(store: Path, make_run: Any, look: Any) -> None:
    run_id = make_run(store)
    look()
    assert Client().get("/admin/runs/run/add/").status_code == 403
    assert Client().post(f"/admin/runs/run/{row(run_id).pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [row(run_id).pk], "post": "yes"}
    Client().post("/admin/runs/run/", chosen)
    assert row(run_id).deleted is None
    Client().post("/admin/runs/run/", chosen | {"action": "delete_softly"})
    assert row(run_id).deleted is not None
    assert (folder_of(store, run_id) / ".deleted").exists()
    Client().post("/admin/runs/run/", chosen | {"action": "restore"})
    assert row(run_id).deleted is None


def test_a_note_that_somebody_changed_meanwhile_is_not_overwritten(
    store: Path, make_run: Any, look: Any, api: Any
) -> None:
    run_id = make_run(store)
    look()
    read(api.patch(f"/api/runs/{run_id}", {"description": "ours", "expected_description": ""}))
    (folder_of(store, run_id) / "curation.json").write_text('{"description": "theirs"}')
    changes = {"description": "ours, longer", "expected_description": "ours", "tags": ["a"]}
    refused = api.patch(f"/api/runs/{run_id}", changes)
    assert refused.status_code == 409 and "changed meanwhile" in refused.json()["detail"]
    assert curation(store, run_id) == {"description": "theirs"}
    changes["expected_description"] = "theirs"
    run = read(api.patch(f"/api/runs/{run_id}", changes))
    assert (run["description"], run["tags"]) == ("ours, longer", ["a"])
    alone = api.patch(f"/api/runs/{run_id}", {"expected_description": "theirs"})
    assert alone.status_code == 400 and list(alone.json()["errors"]) == ["expected_description"]

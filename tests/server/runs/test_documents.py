"""Entries of the notebook and reports are Markdown files of a project: by the API, by scripts and by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from runicorn.store.project import documents
from runicorn.store.project.documents import Document
from runicorn_tools.archives import write
from runicorn_tools.archives.read import import_archive
from runs.query import documents as memory

MakeRun = Callable[..., str]
LIST = "/api/v2/projects/vision/notebook"
ENTRY: dict[str, Any] = {
    "title": 'Warmup: "stops" the divergence',
    "kind": "decision",
    "runs": ["20260101_120000_abcdef"],
    "text": "We use 500 steps.\n\n```chart\nmetrics: loss\n```",
    "author": "ada",
}


@pytest.fixture(autouse=True)
def project(store: Path, make_run: MakeRun) -> Path:
    make_run(store, project="vision")
    return store / "vision"


@pytest.mark.parametrize("place", documents.FOLDERS)
def test_a_document_is_created_read_changed_and_deleted(api: APIClient, project: Path, place: str) -> None:
    address = f"/api/v2/projects/vision/{place}"
    created = api.post(address, ENTRY)
    assert created.status_code == 201, created.json()
    entry = created.json()
    assert {key: entry[key] for key in ("title", "kind", "runs", "text")} == {
        key: ENTRY[key] for key in ("title", "kind", "runs", "text")
    }
    assert entry["authors"] == ["ada"] and entry["name"].endswith("-warmup-stops-the-divergence")
    (file,) = (project / place).iterdir()
    assert file.name == f"{entry['name']}.md" and file.read_text().startswith("---\ntitle: ")
    response = api.get(f"{address}/{entry['name']}")
    assert response.json() == entry and response.headers["ETag"] == f'"{entry["etag"]}"'
    again = api.post(address, ENTRY).json()
    assert again["name"] == f"{entry['name']}-2"

    changed = api.put(
        f"{address}/{entry['name']}",
        {**ENTRY, "text": "We use 1,000 steps.", "author": "bo", "etag": entry["etag"]},
    ).json()
    assert changed["text"] == "We use 1,000 steps." and changed["authors"] == ["ada", "bo"]
    assert changed["created_at"] == entry["created_at"]
    added = api.post(f"{address}/{entry['name']}/append", {"text": "It held.", "author": "a_gent"}).json()
    assert added["text"].startswith("We use 1,000 steps.\n\n#### a\\_gent, ")
    assert added["text"].endswith(" UTC\n\nIt held.") and added["authors"] == ["ada", "bo", "a_gent"]

    listing = api.get(address, {"q": "STEPS bo"}).json()
    assert [item["name"] for item in listing["documents"]] == [entry["name"]] and listing["total"] == 1
    assert api.get(address, {"kind": "result"}).json()["documents"] == []
    assert api.get(address, {"run": ENTRY["runs"][0], "per_page": 1}).json()["total"] == 2
    for name in (entry["name"], again["name"]):
        assert api.delete(f"{address}/{name}").status_code == 200
        assert api.get(f"{address}/{name}").status_code == api.delete(f"{address}/{name}").status_code == 404
    assert api.get(address).json()["documents"] == []


def test_a_change_of_another_version_is_refused(api: APIClient) -> None:
    first = api.post(LIST, ENTRY).json()
    address = f"{LIST}/{first['name']}"
    second = api.put(address, {**ENTRY, "text": "B"}, headers={"If-Match": f'"{first["etag"]}"'})
    assert second.status_code == 200
    refused = api.put(address, {**ENTRY, "text": "C", "etag": first["etag"]})
    assert refused.status_code == 409
    assert refused.json() == {
        "detail": "The document was changed meanwhile",
        "etag": second.json()["etag"],
    }
    # A change whose response was lost is sent again.
    assert api.put(address, {**ENTRY, "text": "B", "etag": first["etag"]}).status_code == 200
    assert api.put(address, {**ENTRY, "text": "D", "etag": ""}).status_code == 409
    assert api.put(address, {**ENTRY, "text": "D"}, headers={"If-None-Match": "*"}).status_code == 409
    assert api.delete(address, headers={"If-Match": first["etag"]}).status_code == 409
    every = api.put(address, {**ENTRY, "text": "E", "etag": "*"})
    assert every.status_code == 400 and "* is no version" in str(every.json()["errors"])
    every = api.put(address, {**ENTRY, "text": "E"}, headers={"If-Match": "*"})
    assert every.status_code == 400 and "* is no version" in str(every.json()["errors"])
    unknown = api.put(address, {**ENTRY, "text": "E"})
    assert unknown.status_code == 409 and unknown.json() == {
        "detail": "The document exists: name the version that the change builds on",
        "etag": second.json()["etag"],
    }
    assert api.get(address).json()["text"] == "B"
    assert api.put(f"{LIST}/new", {**ENTRY, "text": "E"}).json()["text"] == "E"
    assert api.put(f"{LIST}/other", {**ENTRY, "etag": first["etag"]}).json()["etag"] is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": ""}, "This field may not be blank."),
        ({"title": "a\nb"}, "title must be one line of 1 to 200 characters."),
        ({"kind": "rumor"}, '"rumor" is not a valid choice.'),
        ({"text": "x" * 100_001}, "Ensure this field has no more than 100000 characters."),
        ({"runs": ["a\tb"]}, "runs must be one line of 1 to 100 characters."),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(
    api: APIClient, project: Path, change: dict[str, Any], sentence: str
) -> None:
    answer = api.post(LIST, {**ENTRY, **change})
    assert answer.status_code == 400 and sentence in str(answer.json()["errors"])
    assert not (project / "notebook").exists()


def test_titles_and_names_of_long_letters_fit_a_file(api: APIClient) -> None:
    for title in ("𐀀" * 60, "漢" * 100):
        created = api.post(LIST, {"title": title, "text": "t"})
        assert created.status_code == 201 and created.json()["title"] == title
        name = created.json()["name"]
        assert title[0] * 40 in name and api.get(f"{LIST}/{name}").status_code == 200
    refused = api.put(f"{LIST}/{'𐀀' * 60}", {"title": "t", "text": "t"})
    assert refused.status_code == 400 and "220 bytes" in str(refused.json())


def test_documents_in_memory_are_bounded_by_their_bytes(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_BYTES", 10_000)
    for number in range(20):
        name, text = f"n{number}", "x" * 1000
        documents.write(store, "vision", documents.NOTEBOOK, name, Document("t", text))
        for length in (1000, 2000):  # the same one again, changed
            documents.write(store, "vision", documents.NOTEBOOK, name, Document("t", "x" * length))
            assert memory.read_document(store, "vision", documents.NOTEBOOK, name) is not None
        sizes = [mark[0] for mark, _ in memory._remembered.values()]
        assert sum(sizes) == memory._bytes <= 10_000
    assert len(memory.find_documents(store, "vision", documents.NOTEBOOK)) == 20


def test_names_and_projects_that_are_invalid_or_unknown(api: APIClient, store: Path) -> None:
    assert api.put(f"{LIST}/a:b", ENTRY).status_code == 400
    assert api.post("/api/v2/projects/unknown/notebook", ENTRY).status_code == 404
    assert api.get("/api/v2/projects/unknown/notebook").status_code == 404
    assert api.post(f"{LIST}/missing/append", {"text": "x"}).status_code == 404
    assert not (store / "unknown").exists()


def test_files_written_by_hand_are_read_and_their_fields_kept(api: APIClient, project: Path) -> None:
    folder = project / "notebook"
    folder.mkdir()
    (folder / "plain.md").write_text("# What I saw\n\nThe loss fell.")
    (folder / "typed.md").write_text(
        "---\r\ntitle: 'It''s odd'\r\nkind: question\r\nauthor: ada\r\nmood: good\r\n"
        'runs:\r\n  - one\r\n  - "two, three"\r\ncreated: 2026-01-02\r\n---\r\n\r\nText.\r\n'
    )
    (folder / "torn.md").write_bytes(b"---\ntitle: no end\n\xff")
    (folder / "large.md").write_bytes(b" " * (documents.CEILING + 1))
    (folder / "link.md").symlink_to("/etc/hostname")
    (folder / ".hidden.md").write_text("x")
    entries = {entry["name"]: entry for entry in api.get(LIST).json()["documents"]}
    assert set(entries) == {"plain", "typed", "torn", "large", "link"}
    assert entries["plain"]["title"] == "What I saw" and entries["plain"]["kind"] == "note"
    typed = entries["typed"]
    assert (typed["title"], typed["kind"], typed["authors"]) == ("It's odd", "question", ["ada"])
    assert typed["runs"] == ["one", "two, three"] and typed["created_at"] == 1767312000
    assert "larger than" in entries["large"]["error"] and entries["link"]["error"]
    api.post(f"{LIST}/typed/append", {"text": "More."})
    text = (folder / "typed.md").read_text()
    assert "\nmood: good\n" in text and "Text.\n\n#### " in text and text.count("---") == 2


def test_a_kind_written_by_hand_survives_an_edit(client: Client, api: APIClient, project: Path) -> None:
    (project / "notebook").mkdir()
    file = project / "notebook" / "hand.md"
    file.write_text("---\ntitle: x\nkind: observation & co\n---\nhi\n")
    editor = client.get("/projects/vision/notebook/hand?edit=1").content.decode()
    assert '<option value="" selected>observation &amp; co</option>' in editor

    def put(content: dict[str, Any]) -> Any:
        return api.put(f"{LIST}/hand", {**content, "etag": api.get(f"{LIST}/hand").json()["etag"]})

    changed = put({"title": "x", "text": "Changed."}).json()
    assert (changed["kind"], changed["text"]) == ("observation & co", "Changed.")
    assert 'kind: "observation & co"' in file.read_text()
    assert put({**ENTRY, "kind": "result"}).json()["kind"] == "result"
    assert put({"title": "y", "text": "z"}).json()["kind"] == "result"
    assert api.put(f"{LIST}/new", {"title": "y", "text": "z"}).json()["kind"] == "note"
    assert put({**ENTRY, "kind": ""}).status_code == 400
    assert api.put(f"{LIST}/sent", {**ENTRY, "kind": "observation"}).json()["kind"] == "observation"


@pytest.mark.parametrize(
    ("created", "updated"),
    [
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        ("0001-01-01", "9999-12-31"),
        ("1969-12-31T23:59:59Z", "5138-11-16T09:46:41Z"),
    ],
)
def test_a_date_out_of_range_is_that_of_the_file(
    client: Client, api: APIClient, project: Path, created: str, updated: str
) -> None:
    (project / "notebook").mkdir()
    file = project / "notebook" / "odd.md"
    file.write_text(f"---\ntitle: odd\ncreated: {created}\nupdated: {updated}\n---\nText.\n")
    (entry,) = api.get(LIST).json()["documents"]
    modified = pytest.approx(file.stat().st_mtime, abs=1)
    assert (entry["created_at"], entry["updated_at"]) == (modified, modified)
    for address in ("notebook", "notebook/odd", "notebook/odd/page.html"):
        assert client.get(f"/projects/vision/{address}").status_code == 200
    assert api.put(f"{LIST}/odd", {**ENTRY, "text": "Changed.", "etag": entry["etag"]}).status_code == 200
    assert api.post(f"{LIST}/odd/append", {"text": "More."}).status_code == 200


def test_a_folder_of_documents_is_no_experiment_and_one_of_its_name_has_both(
    api: APIClient, store: Path, make_run: MakeRun, look: Callable[[], None]
) -> None:
    api.post(LIST, ENTRY)
    make_run(store, project="vision", name="reports")
    api.post("/api/v2/projects/vision/reports", ENTRY)
    look()
    assert api.get("/api/projects/vision/names").json() == {"names": ["reports", "resnet"]}
    assert api.get("/api/v2/projects/vision/reports").json()["total"] == 1


def test_documents_behind_a_link_out_of_the_store_are_not_written(
    api: APIClient, project: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / "notebook").symlink_to(outside)
    assert api.post(LIST, ENTRY).status_code >= 400
    assert list(outside.iterdir()) == []


def test_many_writers_of_one_version_make_one_change(store: Path) -> None:
    etag = documents.write(store, "vision", "notebook", "main", Document("a")).etag
    results: list[bool] = []

    def change(number: int) -> None:
        try:
            documents.write(store, "vision", "notebook", "main", Document(str(number)), expected=etag)
            results.append(True)
        except documents.DocumentChanged:
            results.append(False)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]


@pytest.mark.parametrize(
    "title",
    ["plain words", "yes", "- dash", 'quo"te', "a: b", "[x]", "# no comment", "ünï", "1.5", "x,y", "'"],
)
def test_fields_survive_their_file(store: Path, title: str) -> None:
    document = documents.write(
        store, "vision", "notebook", "t", Document(title, "---\ntext", authors=[title, "b"], runs=[title])
    )
    assert (document.title, list(document.authors), list(document.runs)) == (title, [title, "b"], [title])
    assert document.text == "---\ntext" and documents.read(store, "vision", "notebook", "t") == document
    yaml = pytest.importorskip("yaml")
    fields = yaml.safe_load(documents.path_of(store, "vision", "notebook", "t").read_text().split("---")[1])
    assert (fields["title"], fields["authors"], fields["runs"]) == (title, [title, "b"], [title])


def test_a_sweep_adds_to_one_entry_as_often_as_it_likes(store: Path) -> None:
    documents.write(
        store, "vision", documents.NOTEBOOK, "sweep", documents.Document("Sweep", authors=("ada",))
    )
    for number in range(documents.MOST_RUNS + 5):
        documents.append(
            *(store, "vision", documents.NOTEBOOK, "sweep", f"Result {number}.", f"worker {number}"),
            runs=[f"run-{number}"],
        )
    entry = documents.read(store, "vision", documents.NOTEBOOK, "sweep")
    assert all(f"Result {number}." in entry.text for number in range(documents.MOST_RUNS + 5))
    assert entry.runs[-1] == f"run-{documents.MOST_RUNS + 4}" and len(entry.runs) == documents.MOST_RUNS
    assert entry.authors[0] == "ada" and len(entry.authors) == documents.MOST_AUTHORS


def test_a_received_document_replaces_only_the_expected_version(store: Path) -> None:
    place = store, "vision", documents.NOTEBOOK, "entry"
    first = documents.write(*place, documents.Document("Entry", "First."))
    documents.append(*place, "Added meanwhile.", "ada")
    with pytest.raises(documents.DocumentChanged):
        documents.place(*place, b"remote", expected=first.etag)
    assert "Added meanwhile." in documents.read(*place).text
    documents.place(*place, b"remote", expected=documents.read(*place).etag)
    assert documents.read(*place).text == "remote"


def test_documents_travel_with_an_archive_of_their_project(
    api: APIClient, store: Path, project: Path, tmp_path: Path
) -> None:
    name = api.post(LIST, ENTRY).json()["name"]
    runs = [path.parent.relative_to(store).as_posix() for path in project.rglob("meta.json")]
    archive, target = tmp_path / "all.zip", tmp_path / "target"
    entries = [*write.run_entries(store, runs), *write.project_entries(store, runs)]
    archive.write_bytes(b"".join(write.zip_pieces(write.about(runs, ()), entries)))
    target.mkdir()
    with archive.open("rb") as file:
        assert import_archive(target, file, dry_run=True).documents == [f"vision/notebook/{name}.md"]
    assert not (target / "vision").exists()
    with archive.open("rb") as file:
        assert import_archive(target, file).documents == [f"vision/notebook/{name}.md"]
    path = target / "vision" / "notebook" / f"{name}.md"
    assert path.read_bytes() == (project / "notebook" / f"{name}.md").read_bytes()
    path.write_text("mine")
    with archive.open("rb") as file:
        assert import_archive(target, file).documents == []
    assert path.read_text() == "mine"

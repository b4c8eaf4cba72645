from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.folders import write_run
from tests.pages.markup import Markup
from tests.processes import PROJECT, environment, run_module, train
from tests.secrecy import search
from tests.server.people.lab import Lab, recorded
from tests.waiting import until

TRAINING = """
import runicorn as rn
with rn.init({project!r}, "run", capture_env=False, system_metrics=False) as run:
    run.log({{"loss": 1.0}})
    print(run.id)
"""


def send(lab: Lab, name: str, project: str, token: str = "") -> str:
    """Train with the token of a user, or with another one, and return the id of the run on the server."""
    folder = lab.home / f"near-{name}-{project}"
    folder.mkdir()
    token = token or lab.token(name, "write", f"training-{project}")
    script = TRAINING.format(project=project)
    training = train(script, folder, lab.home, RUNICORN_URL=lab.url, RUNICORN_TOKEN=token)
    printed, errors = training.communicate(timeout=120)
    assert training.returncode == 0, errors
    (run_id,) = re.findall(r"^\d{8}_\d{6}_\w+$", printed, re.MULTILINE)
    root = lab.session("root")
    until(lambda: root.get(f"{lab.url}/api/runs/{run_id}", timeout=30).json().get("status") == "finished")
    return str(run_id)


@pytest.fixture(scope="module")
def runs(lab: Lab) -> dict[str, str]:
    """A run of ada and one of bo, each sent with a token of theirs."""
    return {"ada": send(lab, "ada", "vision"), "bo": send(lab, "bo", "speech")}


def patch(lab: Lab, name: str, run_id: str, **fields: Any) -> int:
    """Edit a run as a page does; `name` is the user."""
    browser = lab.session(name)
    return browser.patch(f"{lab.url}/api/runs/{run_id}", json=fields, timeout=30).status_code


def form(lab: Lab, name: str, path: str, *run_ids: str, **fields: str) -> int:
    """Send a form about runs with the CSRF token of the runs page."""
    return lab.send(lab.session(name), path, "/account", run_ids=list(run_ids), **fields).status_code


def test_a_run_belongs_to_the_user_whose_token_sent_it(lab: Lab, runs: dict[str, str]) -> None:
    reader = lab.session("rita")
    detail = reader.get(f"{lab.url}/api/runs/{runs['ada']}", timeout=30).json()
    (file,) = (lab.home / "store").rglob(f"{runs['ada']}/curation.json")
    assert detail["owner"] == json.loads(file.read_text())["owner"] == "ada"
    document = reader.get(
        f"{lab.url}/api/v2/experiments", params={"where": 'owner = "bo"'}, timeout=30
    ).json()
    assert [run["id"] for run in document["experiments"]] == [runs["bo"]]
    table = reader.get(f"{lab.url}/?col=name&col=owner", timeout=30).text
    assert "c-owner" in table and "ada" in table


def test_a_run_that_a_token_without_a_user_sent_belongs_to_no_user(lab: Lab) -> None:
    """An account may have the name of the machine's user who created the token."""
    command = ["runicorn", "token", "add", "machine", "--scope", "write"]
    secret = run_module(command, environment(lab.home), PROJECT).stdout.strip()
    run_id = send(lab, "machine", "vision", secret)
    assert lab.session("rita").get(f"{lab.url}/api/runs/{run_id}", timeout=30).json()["owner"] is None


def test_a_writer_edits_own_runs_and_no_others(lab: Lab, runs: dict[str, str]) -> None:
    assert patch(lab, "ada", runs["ada"], description="mine") == 200
    assert patch(lab, "ada", runs["bo"], description="mine") == 403
    assert form(lab, "ada", "/runs-change", runs["ada"], action="pin") == 200
    assert form(lab, "ada", "/runs-change", runs["ada"], runs["bo"], action="pin") == 403
    assert form(lab, "ada", "/delete-runs", runs["bo"]) == 403
    assert patch(lab, "ada", runs["ada"], project="") == 200
    browser, address = lab.session("ada"), f"{lab.url}/api/runs/soft-delete"
    for odd in (f" {runs['bo']} ", f"{runs['bo']}\n", "not-there", 1, None):
        body = {"run_ids": [runs["ada"], odd]}
        assert browser.post(address, json=body, timeout=30).status_code == 403, odd
    headers = {"Content-Type": "application/json"}
    assert browser.post(address, data="{", headers=headers, timeout=30).status_code == 403
    token = lab.token("ada", "write", "appends")
    for run, append, beat in (("bo", 403, 403), ("ada", 409, 200)):
        assert put(lab, token, f"/api/runs/{runs[run]}/files/events.jsonl?offset=0", b"{}\n") == append
        assert lab.status(token, "PUT", f"/api/runs/{runs[run]}/heartbeat") == beat


def test_a_charset_and_another_field_hide_no_ids_from_the_check_of_rights(
    lab: Lab, runs: dict[str, str]
) -> None:
    browser, others = lab.session("ada"), runs["bo"]
    tag = {"run_ids": [runs["ada"]], "run_id": others, "tags": ["taken"]}
    assert browser.post(f"{lab.url}/api/experiments/tag", json=tag, timeout=30).status_code == 403
    # In UTF-7 both fields are `run_ids`, and the last one counts.
    plain = json.dumps({"run_ids": [runs["ada"]], "+AHI-un_ids": [others], "add": ["taken"]})
    for charset in ("utf-7", "utf-16"):
        content = plain.encode("ascii" if charset == "utf-7" else charset)
        headers = {"Content-Type": f"application/json; charset={charset}"}
        browser.post(f"{lab.url}/api/runs/tags", data=content, headers=headers, timeout=30)
    detail = browser.get(f"{lab.url}/api/runs/{others}", timeout=30).json()
    assert "taken" not in detail["tags"]


def test_roles_in_all_projects_and_in_one(lab: Lab, runs: dict[str, str]) -> None:
    assert patch(lab, "rita", runs["bo"], description="in her project") == 200
    assert patch(lab, "rita", runs["bo"], project="vision") == 403
    assert patch(lab, "rita", runs["ada"], description="elsewhere") == 403
    assert patch(lab, "wu", runs["ada"], description="all runs") == 200
    board = "/api/v2/projects/vision/boards/x"
    statuses = {
        name: lab.session(name).delete(lab.url + board, timeout=30).status_code for name in ("wu", "cy")
    }
    assert statuses == {"wu": 403, "cy": 404}
    refused = lab.session("cy").get(f"{lab.url}/settings", timeout=30)
    unknown = lab.session("rita").get(f"{lab.url}/no-such-page", timeout=30)
    assert (refused.status_code, unknown.status_code) == (403, 404)
    for page in (refused, unknown):
        assert 'href="/">Go to runs</a>' in page.text, "a page of an error is no dead end"


def test_the_admin_site_is_for_administrators(lab: Lab) -> None:
    assert lab.session("cy").get(f"{lab.url}/admin/", timeout=30).status_code == 403
    page = lab.session("root").get(f"{lab.url}/admin/", timeout=30)
    assert page.status_code == 200 and "/admin/auth/" not in page.text


def test_a_new_run_goes_into_a_project_in_which_its_user_may_write(lab: Lab) -> None:
    token = lab.token("rita", "write", "new")
    for number, project, expected in ((1, "speech", 200), (2, "vision", 403)):
        run_id = f"20260101_00000{number}_abcdef"
        meta = json.dumps({"id": run_id, "project": project, "name": "n", "created_at": 1.0}).encode()
        address = f"/api/runs/{run_id}/files/meta.json"
        for query in ("", "&project=speech"):
            status = put(lab, token, address + f"?digest=sha256:{digest(meta)}{query}", meta)
            assert status == expected, (project, query)


def test_an_uploaded_run_stays_in_a_project_in_which_its_user_may_write(lab: Lab) -> None:
    token, run_id = lab.token("rita", "write", "later"), "20260101_000003_abcdef"
    address = f"/api/runs/{run_id}/files"
    until(lambda: lab.status(token, "GET", "/api/runs") == 200)
    summary = f"summary.json?digest=sha256:{digest(b'{}')}&project=speech&experiment=n"
    assert put(lab, token, f"{address}/{summary}", b"{}") == 200
    for fields, expected in (
        ({"project": "vision"}, 403),
        ({"project": "speech", "path": "vision/n"}, 403),
        ({"project": "speech", "path": "speech/n"}, 200),
        ({"project": "speech", "path": "/vision/n/"}, 403),
    ):
        meta = json.dumps({"id": run_id, "name": "n", "created_at": 1.0, **fields}).encode()
        status = put(lab, token, f"{address}/meta.json?digest=sha256:{digest(meta)}", meta)
        assert status == expected, fields
    detail = lab.session("rita").get(f"{lab.url}/api/runs/{run_id}", timeout=30).json()
    assert detail["project"] == "speech"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(lab: Lab, token: str, path: str, content: bytes) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    return requests.put(lab.url + path, data=content, headers=headers, timeout=30).status_code


def test_an_artifact_names_a_run_that_its_user_may_change(lab: Lab, runs: dict[str, str]) -> None:
    file = {"path": "a.txt", "size": 1, "digest": f"sha256:{digest(b'a')}"}
    for name, creator, expected in (
        ("ada", runs["ada"], 201),
        ("ada", runs["bo"], 403),
        ("rita", runs["bo"], 201),
        ("rita", runs["ada"], 403),
        ("rita", None, 201),
        ("ada", "20200101_000000_abcdef", 201),
    ):
        body = {"name": "net", "type": "model", "files": [file]} | ({"run_id": creator} if creator else {})
        answer = lab.session(name).post(f"{lab.url}/api/artifacts/uploads", json=body, timeout=30)
        assert answer.status_code == expected, (name, creator, answer.text)


def test_a_token_has_at_most_the_rights_of_its_user(lab: Lab, runs: dict[str, str]) -> None:
    offered = lab.session("ada").get(f"{lab.url}/account", timeout=30).text
    assert 'value="write"' in offered and 'value="curate"' not in offered
    forged = lab.send(lab.session("ada"), "/account/tokens", "/account", name="x", scope="admin", expires="")
    assert forged.status_code == 403
    token = lab.token("cy", "curate", "demoted")
    until(lambda: lab.status(token, "POST", "/api/status/check") == 200)
    lab.command("role", "cy", "--role", "read")
    until(lambda: lab.status(token, "POST", "/api/status/check") == 403)
    lab.command("role", "cy", "--role", "curate")
    # No other request refreshes the roles meanwhile.
    until(lambda: lab.status(token, "POST", "/api/v2/shares", json={"kind": "unknown"}) == 400, timeout=20)
    revoked = lab.send(lab.session("cy"), "/account/tokens/revoke", "/account", name="demoted")
    assert revoked.status_code == 302
    until(lambda: lab.status(token, "GET", "/api/runs") == 401)
    with closing(sqlite3.connect(lab.home / "data" / "server.sqlite3")) as rows:
        assert ("cy", 1) not in rows.execute("SELECT owner, account FROM people_apitoken").fetchall()
    assert token.encode() not in (lab.home / "data" / "server.sqlite3").read_bytes()


def test_the_socket_of_a_disabled_user_is_closed(lab: Lab) -> None:
    run_id = write_run(lab.home / "store", logs="first\n", status="running")
    token = lab.token("bo", "read", "socket")
    address = f"ws://127.0.0.1:{lab.viewer.port}/api/runs/{run_id}/logs/ws"
    until(lambda: lab.status(token, "GET", f"/api/runs/{run_id}") == 200)
    with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        assert "first" in str(socket.recv(timeout=30))
        lab.command("disable", "bo")
        until(lambda: lab.status(token, "GET", "/api/runs") == 401)
        (log,) = (lab.home / "store").rglob(f"{run_id}/logs.txt")
        with log.open("a", encoding="utf-8") as file:
            file.write("hidden\n")
        with pytest.raises(ConnectionClosed) as closed:
            while "hidden" not in str(socket.recv(timeout=30)):
                pass
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
    lab.command("enable", "bo")


def test_the_account_page_names_scopes_as_its_menu_does(lab: Lab) -> None:
    lab.token("wu", "write", token="uploads")
    page = Markup(lab.session("wu").get(f"{lab.url}/account", timeout=30).text)
    (line,) = [element.text for element in page.all("li") if "uploads" in element.text]
    assert "Upload runs and artifacts · created" in line


def test_changes_are_recorded_without_secrets(lab: Lab, runs: dict[str, str]) -> None:
    assert patch(lab, "ada", runs["bo"], description="not mine") == 403
    browser = lab.session("rita")
    assert lab.send(browser, "/users/invite", "/account", name="eve", role="admin").status_code == 403
    assert browser.post(f"{lab.url}/users/3/disable", timeout=30).status_code == 403
    for path in ("/runs-change", "/login", "/nowhere"):
        requests.post(lab.url + path, timeout=30)
    assert form(lab, "wu", "/runs-change", runs["ada"], action="unpin") == 200
    until(lambda: ("wu", "/runs-change") in {(c["user"], c["path"]) for c in recorded(lab.home)})
    changes = [change for change in recorded(lab.home) if not change["is_admin"]]
    entries = {(c.get("user"), c["method"], c["path"], c.get("status")) for c in changes}
    assert ("ada", "PATCH", f"/api/runs/{runs['bo']}", 403) in entries
    assert {("rita", "POST", path, 403) for path in ("/users/invite", "/users/3/disable")} <= entries
    assert all(user for user, _, _, _ in entries), "requests of unknown senders could fill the file"
    assert ("wu", "POST", "/runs-change", 200) in entries and ("ada", "POST", "/login", 302) in entries
    assert not [
        c for c in changes if "/files/" in c["path"] or "invitations/" in c["path"].replace("{secret}", "")
    ]
    (change,) = [c for c in changes if c["path"] == "/runs-change" and c["user"] == "wu"]
    assert change["runs"] == [runs["ada"]] and change["address"] == "127.0.0.1"
    search(json.dumps(changes).encode(), "the record of changes")
    page = lab.session("root").get(f"{lab.url}/changes", params={"user": "wu", "result": "done"}, timeout=30)
    assert (
        "/runs-change" in page.text and "/login" in page.text and f"/api/runs/{runs['bo']}" not in page.text
    )
    assert lab.session("cy").get(f"{lab.url}/changes", timeout=30).status_code == 403


def test_changes_by_commands_are_recorded(lab: Lab) -> None:
    secret = lab.command("add", "robot", "--scope", "admin", program="token")
    lab.command("revoke", "robot", program="token")
    entries = recorded(lab.home)
    actions = [(entry["method"], entry["user"][-15:]) for entry in entries if entry.get("about") == "robot"]
    assert actions == [
        ("ADD", " (command line)"),
        ("REVOKE", " (command line)"),
    ] and secret not in json.dumps(entries)
    page = lab.session("root").get(f"{lab.url}/changes", params={"text": "robot"}, timeout=30)
    assert "runicorn token" in page.text


def test_a_token_saves_no_view(lab: Lab, runs: dict[str, str]) -> None:
    program = requests.Session()
    program.headers["Authorization"] = f"Bearer {lab.token('rita', 'read', 'views')}"
    until(lambda: program.get(f"{lab.url}/api/runs", timeout=30).status_code == 200)
    for fields in ({}, {"personal": "1"}):
        view = {"name": "by a token", "next": "q=x", **fields}
        answer = lab.send(program, "/runs-view", "/", **view)
        assert answer.status_code == 403 and "This form has expired" not in answer.text
    assert "by a token" not in lab.session("rita").get(f"{lab.url}/", timeout=30).text


def test_a_view_belongs_to_its_user_or_is_shared_with_all(lab: Lab) -> None:
    def save(name: str, view: str, **fields: str) -> int:
        return lab.send(lab.session(name), "/runs-view", "/account", name=view, **fields).status_code

    def page_of(name: str) -> str:
        return lab.session(name).get(f"{lab.url}/", timeout=30).text

    assert save("rita", "common", next="q=rita") == 403
    assert save("cy", "common", next="q=cy") == 302
    assert save("rita", "mine-rita", next="q=mine", personal="1") == 302
    assert save("cy", "mine-cy", next="q=mine", personal="1") == 302
    assert (
        "mine-rita" in page_of("rita") and "only you" in page_of("rita") and "mine-cy" not in page_of("rita")
    )
    assert "common" in page_of("rita") and "shared by" in page_of("rita")
    assert "mine-rita" not in page_of("cy") and "mine-rita" not in page_of("root")
    other = lab.session("cy").get(f"{lab.url}/?view=mine-rita", timeout=30, allow_redirects=False)
    assert "q=mine" not in other.headers["Location"]
    # One's own view hides the shared one of its name, and neither replaces the other.
    assert save("rita", "common", next="q=rita", personal="1") == 302
    for name, query in (("rita", "q=rita"), ("cy", "q=cy")):
        opened = lab.session(name).get(f"{lab.url}/?view=common", timeout=30, allow_redirects=False)
        assert query in opened.headers["Location"]
    assert save("rita", "renamed", old="mine-rita", personal="1") == 302
    assert save("rita", "stolen", old="mine-cy", personal="1") == 302
    assert save("rita", "", old="common", delete="1") == 403
    assert "renamed" in page_of("rita") and "stolen" not in page_of("rita") and "mine-cy" in page_of("cy")
    assert save("rita", "", old="common", delete="1", personal="1") == 302
    assert (
        "q=cy"
        in lab.session("rita")
        .get(f"{lab.url}/?view=common", timeout=30, allow_redirects=False)
        .headers["Location"]
    )
    assert save("rita", "long", next=f"where={'x' * 9000}", personal="1") == 400

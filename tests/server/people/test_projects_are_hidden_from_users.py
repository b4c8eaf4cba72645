"""A restricted project does not exist for users without a role in it, whatever they ask."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from people.access.routes import routes_of, table
from people.pages.urls import page_patterns as people_pages
from runicorn_site.web.access import Scope
from tests.folders import write_run
from tests.processes import Viewer, train
from tests.server.people.lab import Lab, add_users
from tests.server.pool.uploading import digest_of
from tests.waiting import until

TRAINING = """
import json, sys
import runicorn as rn
word = sys.argv[1]
folder = sys.argv[2]
def run_of(name):
    return rn.init(word + "project", name, capture_env=True, system_metrics=False, tags=[word + "tag"],
                   notes=word + "notes", config={word + "key": word + "value", "lr": 0.25})
with run_of(word + "run") as run:
    run.set_primary_metric(word + "metric", mode="max")
    for step in range(20):
        run.log({word + "metric": step * (7310585013.0 if word == "zqx" else 1.0), "loss": 1.0 / (step + 1)})
    run.log_text(word + "line")
    run.log_samples(word + "samples", [{"id": "a", "prompt": word + "prompt", "reward": 0.5}], step=1)
    run.log_table(word + "table", [{"a": word + "cell"}])
    run.log_histogram(word + "histogram", [1.0, 2.0])
    run.log_image(word + "image", bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
        "0000000500010d0a2db40000000049454e44ae426082"))
    run.alert(word + "alert", word + "text", level="error")
    run.summary({word + "entry": 3})
    for name in ("model", word + "model"):
        with open(f"{folder}/{word}.txt", "w") as file:
            file.write(word + name)
        artifact = rn.Artifact(name, type="model", metadata={word + "meta": word})
        artifact.add_file(f"{folder}/{word}.txt")
        run.log_artifact(artifact)
    print(json.dumps(run.id))
with run_of(word + "second") as run:
    run.use_artifact(word + "model:v1")
    run.use_artifact("model:latest")
    run.log({"loss": 2.0})
    run.log_samples(word + "samples", [{"id": "a", "prompt": word + "prompt", "reward": 1.0}], step=1)
    print(json.dumps(run.id))
rn.board(word + "project", word + "board", [word + "metric", {"markdown": word + "prose"}])
rn.notebook(word + "entry", title=word + "title", name=word + "entry", project=word + "project")
rn.notebook("```chart\\nmetrics: loss\\nproject: *\\n```", name="all", project="plainproject")
"""
HIDDEN, OPEN = "zqx", "plain"
CSRF_TOKEN = re.compile(rb'csrfmiddlewaretoken" value="\w{64}|runicorn_csrf_\w+=\w{32}')
ABSENT = "20200101_000000_0f0f0f"


@dataclass
class Store(Lab):
    """A viewer with a restricted project `zqxproject` and an open one; ann has a role in the first."""

    hidden: tuple[str, str] = ("", "")
    visible: tuple[str, str] = ("", "")


def trained(word: str, lab: Path) -> tuple[str, str]:
    """Train in a project, and return the ids of its two runs."""
    folder = lab / word
    folder.mkdir()
    training = train(TRAINING, lab / "store", lab, word, str(folder))
    printed, stderr = training.communicate(timeout=120)
    assert training.returncode == 0, stderr
    first, second = (json.loads(line) for line in printed.splitlines() if line.startswith('"'))
    return first, second


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    home = tmp_path_factory.mktemp("home")
    (home / "store").mkdir()
    visible, hidden = trained(OPEN, home), trained(HIDDEN, home)
    viewer = Viewer(home / "store", home, "--users", RUNICORN_RATE_LIMIT="off")
    try:
        viewer.wait_until_it_answers()
        roles = {
            "root": ("admin", {}),
            "ann": ("curate", {f"{HIDDEN}project": "read"}),
            "ben": ("curate", {}),
            "sam": ("write-own", {}),
        }
        store = Store(viewer, home, add_users(home, roles), hidden=hidden, visible=visible)
        prepare(store)
        yield store
    finally:
        viewer.stop()


def prepare(store: Store) -> None:
    """Restrict the project, and create what belongs to no run."""
    root = store.session("root")
    project = f"{HIDDEN}project"
    until(lambda: len(runs_of(store, "root")) == 4)
    until(lambda: HIDDEN in root.get(f"{store.url}/api/v2/alerts/events", timeout=30).text)
    rule = {
        "name": f"{HIDDEN}rule",
        "when": {"kind": "state", "states": ["failed"]},
        "where": f'project = "{project}"',
    }
    assert root.post(f"{store.url}/api/v2/alerts/rules", json=rule, timeout=30).status_code == 201
    view = {"name": f"{HIDDEN}view", "next": f"project={project}"}
    assert store.send(root, "/runs-view", "/account", **view).status_code == 302
    for name, number in (("model", 2), (f"{HIDDEN}model", 1)):
        alias = f"{store.url}/api/artifacts/{name}/aliases/{HIDDEN}alias"
        assert root.put(alias, json={"version": number}, timeout=30).status_code == 200
    columns = ["name", f"metric.{HIDDEN}metric.last", f"config.{HIDDEN}key", f"summary.{HIDDEN}entry"]
    for of_project in ("", project):
        response = store.send(root, "/runs-columns", "/account", col=columns, project=of_project)
        assert response.status_code == 204
    widths = {"table": "runs", "size": "any", "widths": dict.fromkeys(columns, 100)}
    assert root.post(f"{store.url}/api/config/column-widths", json=widths, timeout=30).status_code == 200
    described = store.send(root, f"/projects/{project}/description", "/account", description=f"{HIDDEN}about")
    assert described.status_code == 302
    for path, method, body in (
        ("baseline", "PUT", {"run_ids": [store.hidden[0]]}),
        ("formulas", "POST", {"name": f"{HIDDEN}formula", "formula": f"{HIDDEN}metric - loss"}),
        ("replica-rules", "PUT", {"seed_keys": [f"{HIDDEN}key"], "compare_packages": False}),
    ):
        address = f"{store.url}/api/v2/projects/{project}/{path}"
        assert root.request(method, address, json=body, timeout=30).ok, path
    assert store.send(root, "/users/access", "/users", project=project).status_code == 302
    until(lambda: len(runs_of(store, "ben")) == 2)


def runs_of(store: Store, name: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = store.session(name).get(f"{store.url}/api/runs", timeout=30).json()
    return runs


QUERIES: dict[str, tuple[str, ...]] = {
    "/": (
        "?q=zqx",
        "?layout=charts&runs={id}",
        "?layout=charts&project={project}&board=zqxboard",
        "?col=name&col=metric.zqxmetric.last&col=config.zqxkey&sort=-metric.zqxmetric.last",
        "?where=config.zqxkey exists",
        "?where=metric.zqxmetric.best > 1&project=",
        "?where=zqxkey exists",
        "?show={id}&layout=charts",
        "?undo={id}",
        "?tag=zqxtag",
        "?view=zqxview",
        "?project={project}",
    ),
    "/runs-matching": ("?where=metric.loss.last > 0", "?q=zqx", "?where=not config.lr > 1"),
    "/runs-where": ("?where=config.", "?where=project = "),
    "/runs-keys": ("?find=zqx", "?project={project}", "?find=zqx&project={project}"),
    "/runs-filter": ("?find=zqx", "?filter=project", "?filter=config.zqxkey", "?filter=tags"),
    "/runs-panel": ("?runs={id}&layout=charts", "?tab=config&show={id}", "?tab=metrics&show=all"),
    "/runs-media": ("?ids={id}&media=images", "?ids={id},{shown}"),
    "/recycle-bin": (),
    "/find": ("?q=zqx", "?q=project"),
    "/where": (
        "?where=config.",
        "?where=project = ",
        "?where=tags = ",
        "?where=config.lr = &project={project}",
    ),
    "/series": ("?ids={id}", "?ids={id},{shown}&names=zqxmetric"),
    "/compare": ("?runs={id},{shown}", "?ids={id}"),
    "/alerts": ("?show=all", "?show=all&run={id}"),
    "/alerts/news": ("?after=0",),
    "/artifacts": ("?q=zqx", "?search=zqx"),
    "/api/v2/experiments": (
        "?search=zqx",
        "?project={project}",
        '?where=project = "{project}"',
        "?where=config.zqxkey exists",
        "?where=metric.loss.last > 0",
        "?include_deleted=true",
        "?sort=metric.zqxmetric.best",
        "?tags=zqxtag",
    ),
    "/api/v2/where": ("?where=config.", "?where=project = ", "?where=name = ", "?where=tags = "),
    "/api/v2/analytics/summary": ("?project={project}",),
    "/api/v2/series": ("?ids={id}&names=zqxmetric",),
    "/api/v2/groups": (
        "?by=project",
        "?by=tag&metrics=loss",
        "?by=config.zqxkey&metrics=zqxmetric,zqxformula",
        "?by=name&metrics=loss&order_by=metric.loss.mean&where=config.lr > 0",
        "?by=replicas&project={project}&metrics=loss&against=baseline",
        "?by=config.lr&metrics=loss&against={id}",
        "?by=config.lr&metrics=loss&against={shown},{id}",
    ),
    "/api/v2/verdict": (
        "?metric=loss&a={id}&b={shown}",
        "?metric=loss&a={shown}&b={id}",
        "?metric=loss&a={shown},{id}&b={shown}",
        "?metric=zqxformula&a={shown}&b={shown}",
    ),
    "/api/v2/replicas": ("?project={project}", "?project={project}&where=config.lr > 0"),
    "/api/v2/differ": (
        "?a={id}&b={shown}",
        "?a={shown}&b={id}",
        "?a={shown}&b={shown},{id}",
        "?a={id}&b=previous",
    ),
    "/api/v2/nearest": (
        "?project={project}&run={id}",
        "?project={project}&run={shown}",
        "?project=plainproject&run={id}",
        '?project={project}&config={{"lr":0.25}}',
    ),
    "/api/v2/importance": ("?metric=loss", "?metric=zqxmetric&project={project}"),
    "/api/v2/samples/compare": (
        "?runs={id},{shown}&name=zqxsamples",
        "?runs={shown},{id}&name=zqxsamples&sample=a",
    ),
    "/api/v2/experiments/{id}/samples/{path}": ("?q=zqx", "?where=reward > 0&full=1"),
    "/api/v2/experiments/{id}/series": ("?names=zqxmetric,zqxformula",),
    "/samples-compare": ("?runs={id},{shown}&name=zqxsamples",),
    "/samples-compare/data": (
        "?runs={id},{shown}&name=zqxsamples",
        "?runs={id},{shown}&name=zqxsamples&sample=a",
    ),
    "/compare/differ": ("?a={id}&b={shown}", "?a={shown}&b={id}", "?runs={id},{shown}"),
    "/projects/{project}/groups": ("?by=tag", "?by=config.zqxkey&metrics=zqxmetric"),
    "/api/v2/alerts/events": ("?run_id={id}",),
    "/api/runs": ("?search=zqx", "?project={project}", "?tags=zqxtag"),
    "/api/runs/{id}/files/{path}": ("?size=10",),
    "/api/experiments/search": ("?q=zqx", "?project={project}", "?tags=zqxtag"),
    "/api/artifacts": ("?type=model",),
    "/runs/{id}": ("?part=header",),
    "/runs/{id}/log": ("?around=1", "?around=1&search=zqx"),
    "/runs/{id}/histograms": ("?key=zqxhistogram",),
    "/runs/{id}/export": ("?format=zip", "?format=json", "?format=csv", "?format=html"),
    "/runs/{id}/diff": ("?format=text",),
    "/runs/{id}/series": ("?names=zqxmetric", "?target=100"),
    "/runs/{id}/neighbours": ("?q=",),
    "/artifacts/{type}/{name}/compare": ("?a=1&b=2",),
    "/artifacts/{type}/{name}": ("?deleted=1",),
    "/api/artifacts/{name}/v{n}/lineage": ("?max_depth=5",),
    "/api/artifacts/{name}/versions": ("?include_deleted=true",),
    "/api/artifacts/{name}/training-metrics": ("?version=1", "?version=2"),
    "/metrics": (),
    "/api/config/column-widths": ("?table=runs&size=any",),
}
PATHS = ("events.jsonl", "zqximage", "zqxrun", "zqxsamples")


def addresses(store: Store, word: str) -> list[str]:
    """Return addresses of every GET route about the things of a project, and about none."""
    first, second = store.hidden if word == HIDDEN else store.visible
    if word == ABSENT:
        first, second, word = ABSENT, ABSENT, "absent"
    of_artifacts = {"name": ("model", f"{word}model"), "path": (f"{word}.txt",)}
    values = {
        "id": (first, second),
        "project": (f"{word}project",),
        "name": (f"{word}board",),
        "type": ("model",),
        "n": ("1", "2"),
        "key": ("1",),
        "secret": ("none",),
        "upload": ("none",),
        "path": tuple(path.replace(HIDDEN, word) for path in PATHS),
    }
    addresses = []
    for template in templates():
        names = re.findall(r"\{(\w+)\}", template)
        media = media_paths(store, first) if "media" in template or "preview" in template else ()
        params = values | (of_artifacts if "/artifacts/" in template else {})
        choices = [(*params[name], *media) if name == "path" else params[name] for name in names]
        for chosen in itertools.product(*choices):
            path = template
            for name, value in zip(names, chosen, strict=True):
                path = path.replace(f"{{{name}}}", quote(value, safe="/"), 1)
            for query in ("", *QUERIES.get(template, ())):
                text = query.format(id=first, project=f"{word}project", shown=store.visible[0])
                addresses.append(path + quote(text.replace("zqx", word), safe="?&=,/-"))
    return list(dict.fromkeys(addresses))


def templates() -> list[str]:
    """Return the paths of the routes that users without the role of an administrator may read."""
    routes = []
    for route in (*table(), *routes_of(people_pages)):
        rule = route.rules.get("GET")
        if rule is not None and rule.scope is not Scope.ADMIN and rule.path != "/login/oidc":
            short = rule.path.replace("{run_id}", "{id}").replace("{number}", "{n}")
            routes.append(short.replace("{upload_id}", "{upload}"))
    assert len(routes) > 90 and QUERIES.keys() - set(routes) == set()
    return routes


def media_paths(store: Store, run_id: str) -> tuple[str, ...]:
    """Return the paths of the media of a run."""
    folders = (store.home / "store").glob(f"*/*/runs/{run_id}/media")
    return tuple(path.name for folder in folders for path in folder.iterdir())


def words(store: Store) -> list[bytes]:
    """Return words and ids that occur only in the hidden project."""
    endings = "project run second key value tag notes metric line table cell histogram image alert text entry"
    endings += " model meta alias board prose rule view about samples prompt formula"
    hidden_words = [f"{HIDDEN}{ending}" for ending in endings.split()]
    return [word.encode() for word in (HIDDEN, *hidden_words, *store.hidden, "7310585013")]


def test_no_answer_to_a_user_without_a_role_contains_the_hidden_project(store: Store) -> None:
    """And hidden things are answered like missing ones."""
    secret, leaks, different, routes = words(store), [], [], set()
    expected = readable_by_ann(store)
    hidden = addresses(store, HIDDEN)
    assert len(hidden) > 250
    for address in (*hidden, *addresses(store, OPEN)):
        answer = get(store, "ben", address)
        # The address that was asked for may be repeated. Tokens of forms are random letters.
        content = CSRF_TOKEN.sub(b"", answer.content + repr(answer.headers).encode())
        url = address.encode()
        leaked = [word for word in secret if word in content and word not in url]
        if leaked or answer.status_code >= 500:
            leaks.append((address, answer.status_code, leaked))
        twin = (
            address.replace(HIDDEN, "absent")
            .replace(store.hidden[0], ABSENT)
            .replace(store.hidden[1], ABSENT)
        )
        if twin != address and get(store, "ben", twin).status_code != answer.status_code:
            different.append((address, answer.status_code))
        if address.partition("?")[0] in expected and address in hidden:
            granted = get(store, "ann", address).content
            if any(word in granted for word in secret if word not in url):
                routes.add(address.partition("?")[0])
    assert leaks == []
    assert different == []
    assert expected - routes == set()


def readable_by_ann(store: Store) -> set[str]:
    """Return paths at which the user with the role finds the project, so that the others are searched in earnest."""
    first = store.hidden[0]
    return {
        *("/", "/find", "/where", "/alerts", "/artifacts", "/projects/zqxproject", f"/runs/{first}"),
        *(f"/runs/{first}/export", f"/runs/{first}/log", f"/api/runs/{first}", f"/api/runs/{first}/metrics"),
        *("/api/runs", "/api/projects", "/api/artifacts", "/api/v2/experiments", "/api/v2/analytics/summary"),
        *("/api/v2/where", "/api/v2/series", "/api/v2/alerts/events", "/api/v2/alerts/rules"),
        *("/artifacts/model/model", "/api/artifacts/model/v2", "/api/artifacts/model/v2/lineage"),
        "/api/config/column-widths",
        *("/api/v2/projects/zqxproject/boards", "/api/experiments/search", f"/api/export/{first}/report"),
        *(
            "/api/v2/groups",
            "/api/v2/differ",
            "/api/v2/nearest",
            "/api/v2/samples/compare",
            "/compare/differ",
        ),
        *(
            "/samples-compare/data",
            "/projects/zqxproject/groups",
            f"/runs/{first}/page.html",
        ),
        *(f"/api/v2/projects/zqxproject/{name}" for name in ("formulas", "baseline", "replica-rules")),
        *(f"/api/v2/experiments/{first}/samples", f"/api/v2/experiments/{first}/samples/zqxsamples"),
        *(f"/runs/{first}/samples", f"/runs/{first}/samples-data/sets", f"/runs/{first}/nearest"),
    }


def get(store: Store, name: str, address: str, **headers: str) -> requests.Response:
    return store.session(name).get(store.url + address, timeout=60, allow_redirects=False, headers=headers)


def test_a_tag_of_another_user_is_no_answer(store: Store) -> None:
    """304 says that an answer is the one that another user has got: only where both may see the same."""
    wrong, tagged = [], 0
    for address in addresses(store, HIDDEN):
        granted = get(store, "ann", address)
        tag = granted.headers.get("ETag")
        if tag is None:
            continue
        assert get(store, "ann", address, **{"If-None-Match": tag}).status_code in (304, 200)
        tagged += 1
        response, own = get(store, "ben", address, **{"If-None-Match": tag}), get(store, "ben", address)
        same = own.headers.get("ETag") == tag and own.content == granted.content
        if response.status_code != (304 if same else own.status_code):
            wrong.append((address, response.status_code, own.status_code))
    assert wrong == [] and tagged > 20


@pytest.mark.parametrize("path", ["/api/v2/experiments", "/api/v2/series", "/api/v2/experiments/{id}/series"])
def test_no_table_of_arrow_contains_the_hidden_project(store: Store, path: str) -> None:
    secret, arrow = words(store), {"Accept": "application/vnd.apache.arrow.stream"}
    template = path.format(id=store.hidden[0])
    checked = [address for address in addresses(store, HIDDEN) if address.partition("?")[0] == template]
    granted = [get(store, "ann", address, **arrow) for address in checked]
    assert any(answer.headers["Content-Type"] == arrow["Accept"] for answer in granted)
    assert any(b"zqx" in answer.content for answer in granted)
    for address in checked:
        answer = get(store, "ben", address, **arrow)
        leaked = [word for word in secret if word in answer.content and word not in address.encode()]
        assert leaked == [] and answer.status_code < 500, address


def test_sockets_of_hidden_runs_are_closed_as_of_absent_ones(store: Store) -> None:
    for path in ("/api/runs/{}/logs/ws", "/runs/{}/live"):
        codes = {}
        for run_id in (store.hidden[0], ABSENT):
            messages, codes[run_id] = socket(store, "ben", path.format(run_id))
            assert not any(word in message.encode() for message in messages for word in words(store))
        assert set(codes.values()) == {4404}
        messages, _ = socket(store, "ann", path.format(store.hidden[0]))
        assert any("zqx" in message for message in messages)


def socket(store: Store, name: str, path: str) -> tuple[list[str], int | None]:
    """Return the first messages of a socket, and the code with which it was closed."""
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in store.session(name).cookies)
    headers = {"Cookie": cookies, "Origin": store.url}
    messages: list[str] = []
    with connect(store.url.replace("http", "ws") + path, additional_headers=headers) as ws:
        try:
            while "zqx" not in "".join(messages):
                messages.append(str(ws.recv(timeout=30)))
        except ConnectionClosed as closed:
            return messages, closed.rcvd.code if closed.rcvd else None
    return messages, None


def test_counts_are_those_of_the_readable_runs(store: Store) -> None:
    def counts(name: str) -> tuple[Any, ...]:
        browser = store.session(name)

        def get(path: str) -> requests.Response:
            return browser.get(store.url + path, timeout=30)

        where = quote("metric.loss.last > 0")
        return (
            get("/api/runs").headers["X-Total-Count"],
            get("/api/v2/experiments").json()["total"],
            get(f"/api/v2/experiments?where={where}").json()["total"],
            get("/api/v2/analytics/summary").json()["total_experiments"],
            len(get("/api/projects").json()["projects"]),
            get("/api/artifacts/stats").json()["total_versions"],
            get("/runs-matching").json()["total"],
            re.search(r'runicorn_runs\{status="finished"\} (\S+)', get("/metrics").text)[1],  # type: ignore[index]
        )

    assert counts("ben") == ("2", 2, 2, 2, 1, 2, 2, "2.0")
    assert counts("ann") == ("4", 4, 4, 4, 2, 4, 4, "4.0")
    artifacts = store.session("ben").get(f"{store.url}/api/artifacts", timeout=30).json()
    assert {
        artifact["name"]: (artifact["num_versions"], artifact["latest_version"]) for artifact in artifacts
    } == {
        "model": (1, 1),
        "plainmodel": (1, 1),
    }
    # Readers do not change the stored sums of all versions.
    everything = store.session("root").get(f"{store.url}/api/artifacts", timeout=30).json()
    assert {artifact["name"]: artifact["num_versions"] for artifact in everything}["model"] == 2


def test_hidden_runs_and_projects_cannot_be_changed(store: Store) -> None:
    ben, first = store.session("ben"), store.hidden[0]

    def post(path: str, **body: Any) -> requests.Response:
        return ben.post(store.url + path, json=body, timeout=30)

    assert (
        ben.patch(f"{store.url}/api/runs/{first}", json={"description": "x"}, timeout=30).status_code == 404
    )
    tagged = post("/api/runs/tags", run_ids=[first], add=["x"]).json()
    assert tagged["results"][first] == {"success": False, "error": "run not found"}
    assert post("/api/runs/soft-delete", run_ids=[first, store.visible[1]][:1]).json()["deleted_count"] == 0
    own = store.visible[0]
    for name in ("zqxproject", " zqxproject", "zqxproject\n"):
        assert post("/api/runs/move", run_ids=[own], project=name).status_code == 403
        edited = ben.patch(f"{store.url}/api/runs/{own}", json={"project": name}, timeout=30)
        assert edited.status_code == 403
    for method, path in (
        ("PUT", "/api/v2/projects/{}/boards/zqxboard"),
        ("DELETE", "/projects/{}/boards/zqxboard"),
        ("POST", "/projects/{}/description"),
        ("PUT", "/api/artifacts/model/aliases/{}"),
        ("DELETE", "/api/artifacts/model/aliases/{}"),
    ):
        answers = []
        for name, number in (("zqx", 2), ("absent", 3)):
            word = f"{name}alias" if "aliases" in path else f"{name}project"
            browser, body = store.session("ben"), {"version": number} if "aliases" in path else {}
            if path.endswith("description"):
                answer = store.send(browser, path.format(word), "/account", description="x")
            else:
                answer = browser.request(method, store.url + path.format(word), json=body, timeout=30)
            text = re.sub(r"csrfmiddlewaretoken\S+ \S+", "", answer.text)
            answers.append((answer.status_code, text.replace(name, "…").replace(f"v{number}", "…")))
        assert answers[0] == answers[1] and answers[0][0] == 404, path
    share = post("/api/v2/shares", kind="run", target=first)
    assert share.status_code == 404
    assert post("/api/v2/shares", kind="board", target="zqxproject/zqxboard").status_code == 400
    assert post("/api/v2/shares", kind="compare", target=f"{first},{store.visible[0]}").status_code == 400
    export = post("/api/export", run_id=first, format="json")
    assert export.status_code == 404
    assert ben.patch(f"{store.url}/api/v2/alerts/rules/1", json={"where": ""}, timeout=30).status_code == 404
    rule = {"name": "x", "when": {"kind": "state", "states": ["failed"]}, "where": 'project = "zqxproject"'}
    assert post("/api/v2/alerts/rules", **rule).status_code == 400
    preview = post("/api/v2/alerts/rules/preview", when={"kind": "state", "states": ["finished"]})
    assert {event["run_id"] for event in preview.json()["events"]} == set(store.visible)
    creator = post("/api/artifacts/uploads", name="x", type="model", run_id=first, files=[])
    assert creator.status_code == 403


def test_uploads_reach_no_hidden_run_and_no_hidden_project(store: Store) -> None:
    token = store.token("sam")
    first = store.hidden[0]
    paths = [
        ("PUT", f"/api/runs/{first}/files/events.jsonl?offset=0&project=plainproject&name=x", 409),
        ("PUT", f"/api/runs/{first}/heartbeat", 404),
        ("GET", f"/api/runs/{first}/files/events.jsonl", 404),
        (
            "PUT",
            "/api/runs/20260101_000000_abcdef/files/events.jsonl?offset=0&project=zqxproject&name=x",
            403,
        ),
        (
            "PUT",
            "/api/runs/20260101_000000_abcdef/files/events.jsonl?offset=0&project=%20zqxproject&experiment=x",
            403,
        ),
    ]
    for method, path, status in paths:
        headers = {"Authorization": f"Bearer {token}"}
        more = {} if "/files/" not in path else {"Content-Type": "application/octet-stream"}
        response = requests.request(
            method, store.url + path, data=b"{}\n" if more else b"", headers=headers | more
        )
        assert response.status_code == status, (method, path)
    assert len(list((store.home / "store").rglob(first))) == 1
    assert not list((store.home / "store").rglob("20260101_000000_abcdef"))


def test_a_run_is_not_moved_back_into_a_hidden_folder(store: Store) -> None:
    root, ben, moved = store.session("root"), store.session("ben"), store.hidden[1]

    def move(browser: requests.Session, project: str) -> int:
        body = {"run_ids": [moved], "project": project}
        return browser.post(f"{store.url}/api/runs/move", json=body, timeout=30).status_code

    assert move(root, "plainproject") == 200
    try:
        assert ben.get(f"{store.url}/api/runs/{moved}", timeout=30).status_code == 200
        assert move(ben, "") == 403
        blank = ben.patch(f"{store.url}/api/runs/{moved}", json={"project": ""}, timeout=30)
        assert blank.status_code == 403
        assert ben.get(f"{store.url}/api/runs/{moved}", timeout=30).status_code == 200
    finally:
        assert move(root, "") == 200
    assert ben.get(f"{store.url}/api/runs/{moved}", timeout=30).status_code == 404


def test_rules_do_not_say_that_hidden_runs_meet_them(store: Store) -> None:
    ben, root = store.session("ben"), store.session("root")
    rule = {"name": "finishes", "when": {"kind": "state", "states": ["finished"]}}
    created = ben.post(f"{store.url}/api/v2/alerts/rules", json=rule, timeout=30).json()
    address = f"{store.url}/api/v2/alerts/rules/{created['id']}"

    def fired(browser: requests.Session) -> float | None:
        at: float | None = browser.get(address, timeout=30).json()["last_fired_at"]
        return at

    run_id = write_run(store.home / "store", f"{HIDDEN}project", f"{HIDDEN}third", created_at=time.time())
    try:
        until(lambda: fired(root) is not None)
        assert fired(ben) is None
        assert fired(store.session("ann")) == fired(root)
    finally:
        assert root.delete(address, timeout=30).status_code == 200
        removal = {"run_ids": [run_id], "force": True}
        assert root.delete(f"{store.url}/api/experiments/delete", json=removal, timeout=30).status_code == 200
    assert len(runs_of(store, "root")) == 4


def test_a_role_of_a_group_and_the_default_apply_within_a_second(store: Store) -> None:
    try:
        assert "restricted" in store.command("list")
        store.command("role", "@zoo", "--role", "read", "--project", "zqxproject")
        store.command("join", "ben", "zoo")
        until(lambda: len(runs_of(store, "ben")) == 4)
        store.command("leave", "ben", "zoo")
        until(lambda: len(runs_of(store, "ben")) == 2)
        store.command("restrict")
        until(lambda: runs_of(store, "ben") == [])
        assert len(runs_of(store, "ann")) == 2
        store.command("open", "plainproject")
        until(lambda: len(runs_of(store, "ben")) == 2)
        assert len(runs_of(store, "root")) == 4
    finally:
        store.command("open")
    until(lambda: len(runs_of(store, "ben")) == 2)


def test_a_user_without_runs_reads_where_to_send_them(store: Store) -> None:
    try:
        store.command("restrict", "plainproject")
        until(lambda: runs_of(store, "ben") == [])
        page = store.session("ben").get(f"{store.url}/", timeout=30).text
        assert f"<code>{store.url}</code> and <code>RUNICORN_TOKEN</code>" in page
        assert 'href="/settings"' not in page and "demo" not in page
    finally:
        store.command("open", "plainproject")
    until(lambda: len(runs_of(store, "ben")) == 2)


def test_who_knows_the_digest_of_a_hidden_content_must_send_it(store: Store) -> None:
    hidden, batched, visible, other = (
        text.encode() for text in (f"{HIDDEN}model", f"{HIDDEN}{HIDDEN}model", f"{OPEN}model", "other")
    )
    (blob,) = store.home.glob(f"store/artifacts/.dedup/??/{hashlib.sha256(hidden).hexdigest()}")
    before = blob.stat()

    def send(name: str, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        headers |= {"Content-Type": "application/octet-stream"} if "data" in more else {}
        url = f"{store.url}/api/artifacts/uploads{path}"
        return requests.request(method, url, headers=headers, timeout=30, **more)

    def begin(name: str, *contents: bytes) -> dict[str, Any]:
        files = [
            {"path": f"{number}", "size": len(content), "digest": digest_of(content)}
            for number, content in enumerate(contents)
        ]
        begun = send(name, "POST", "", json={"name": "claimed", "type": "model", "files": files})
        assert begun.status_code == 201, begun.text
        document: dict[str, Any] = begun.json()
        return document

    tokens = {name: store.token(name, token="claims") for name in ("ann", "ben")}
    assert begin("ann", hidden, batched, visible)["missing"] == []
    begun = begin("ben", hidden, batched, visible, other)
    upload = f"/{begun['upload_id']}"
    assert begun["missing"] == [digest_of(content) for content in (hidden, batched, other)]
    refused = send("ben", "POST", f"{upload}/complete")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        f"Of 4 contents, 3 must still be sent; the first is {digest_of(hidden)}.",
    )
    part = {"digest": digest_of(hidden), "offset": 0}
    assert send("ben", "PUT", f"{upload}/parts", params=part, data=hidden[::-1]).status_code == 409
    assert send("ben", "PUT", f"{upload}/parts", params=part, data=hidden).json() == {"size": len(hidden)}
    batch = b"".join(len(content).to_bytes(8) + content for content in (batched, other))
    assert send("ben", "PUT", f"{upload}/contents", data=batch).json() == {"taken": 2}
    assert send("ben", "GET", upload).json()["missing"] == []
    assert send("ben", "POST", f"{upload}/complete").status_code == 201
    assert (blob.stat().st_ino, blob.stat().st_nlink) == (before.st_ino, before.st_nlink + 1)

"""A training logs to a server over HTTP: live, without waiting for the network, whatever fails on the way."""

from __future__ import annotations

import random
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

import runicorn as rn
from runicorn.upload.worker import next_pause
from runicorn_tools.cli import app
from tests.processes import PROJECT, Viewer, environment, train
from tests.secrecy import holds, secret
from tests.tools.sync.proxy import Proxy
from tests.tools.sync.sending import differences, kill_senders, only_sender, revive, senders, sync
from tests.waiting import until

STEPWISE = """
import sys, runicorn as rn
run = rn.init("sent", "one", run_id=sys.argv[1], url=sys.argv[2], config={"lr": 0.1}, tags=["far"])
print("begun", flush=True)
for step, line in enumerate(sys.stdin):
    run.log({"loss": 1 / (step + 1)}, step=step)
    run.log_text(f"step {step}")
    print(step, flush=True)
run.summary({"note": "done"})
run.log_image("picture", b"\\x89PNG" + bytes(100_000), step=1)
run.log_file("html", "report", b"<p>done</p>", "html", 1)
run.finish()
"""
LONG = """
import sys, time, os, runicorn as rn
run = rn.init("sent", "long", run_id=sys.argv[1], system_metrics=False)
print("begun", flush=True)
for step in range(int(sys.argv[2])):
    run.log({"loss": 1 / (step + 1), "accuracy": step / 100}, step=step)
    if step % 10 == 0:
        run.log_text("x" * 3000)
        run.config["step"] = step
        run.log_samples("rollouts", [{"n": step, "text": "y" * 40_000}] * 3, step=step)
    if step % 40 == 0:
        run.log_image("noise", os.urandom(60_000), step=step)
    time.sleep(0.002)
run.finish()
"""


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer that receives the runs of all tests here, each under its own id."""
    viewer = Viewer(
        tmp_path_factory.mktemp("far"), tmp_path_factory.mktemp("home"), RUNICORN_RATE_LIMIT="off"
    )
    yield viewer.wait_until_it_answers()
    viewer.stop()


@pytest.fixture
def run_id() -> str:
    """An id for the run of one test."""
    return f"20260117_120000_{secrets.token_hex(3)}"


def arrived(near: Path, far: Path) -> Callable[[], bool]:
    """Return whether everything has arrived and no sender process is left."""
    return lambda: not senders(near) and not differences(near, far)


def test_a_run_is_live_on_the_server_while_it_trains(
    near: Path, viewer: Viewer, home: Path, run_id: str
) -> None:
    training = train(STEPWISE, near, home, run_id, viewer.url)
    assert training.stdin and training.stdout and training.stderr
    assert training.stdout.readline() == "begun\n"
    for step in range(3):
        training.stdin.write("go\n")
        training.stdin.flush()
        assert training.stdout.readline() == f"{step}\n"

        def has_step(step: int = step) -> bool:
            answer = viewer.get(f"/api/runs/{run_id}/metrics_step")
            return answer.status_code == 200 and len(answer.json()["rows"]) == step + 1

        until(has_step)
    assert viewer.get(f"/api/runs/{run_id}").json()["status"] == "running"
    until(lambda: "step 2" in viewer.get(f"/api/runs/{run_id}/logs").text)
    _, stderr = training.communicate("")
    assert training.returncode == 0 and f"{viewer.url}/runs/{run_id}" in stderr
    until(arrived(near, viewer.root))
    about = viewer.get(f"/api/runs/{run_id}").json()
    assert (about["status"], about["tags"], about["summary"]["note"]) == ("finished", ["far"], "done")
    media = viewer.get(f"/api/runs/{run_id}/media").json()
    assert [(item["key"], item["size"]) for item in media] == [("picture", 100_004), ("report", 11)]


def test_a_server_that_never_responds_does_not_delay_the_training(
    near: Path, home: Path, run_id: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        training = train(STEPWISE, near, home, run_id, url, RUNICORN_UPLOAD_TIMEOUT="1")
        _, stderr = training.communicate("go\n" * 50, timeout=60)
        assert training.returncode == 0 and "Traceback" not in stderr
        assert f"runicorn sync --storage {near} {run_id}" in stderr
        # A sender process still retries.
        only_sender(near)


def test_a_server_that_was_away_gets_everything_when_it_is_back(
    near: Path, network: Proxy, viewer: Viewer, home: Path, run_id: str
) -> None:
    network.cut()
    training = train(STEPWISE, near, home, run_id, network.url, RUNICORN_UPLOAD_TIMEOUT="0.5")
    training.communicate("go\n" * 20)
    assert training.returncode == 0 and not (viewer.root / "sent/one/runs" / run_id).exists()
    network.restore()
    until(arrived(near, viewer.root))


def test_a_killed_training_is_sent_to_its_last_line(
    near: Path, viewer: Viewer, home: Path, run_id: str
) -> None:
    training = train(STEPWISE, near, home, run_id, viewer.url)
    assert training.stdin and training.stdout
    training.stdout.readline()
    training.stdin.write("go\n" * 30)
    training.stdin.flush()
    for _ in range(30):
        training.stdout.readline()
    training.kill()
    training.communicate()
    until(lambda: not senders(near))
    # Only the status differs: this viewer sees the processes of the machine.
    assert set(differences(near, viewer.root)) <= {"status.json"}


def test_what_was_left_is_sent_by_hand(
    near: Path, network: Proxy, viewer: Viewer, home: Path, run_id: str
) -> None:
    network.cut()
    training = train(STEPWISE, near, home, run_id, network.url, RUNICORN_UPLOAD_TIMEOUT="0")
    training.communicate("go\n" * 10)
    kill_senders(near)
    until(lambda: not senders(near))
    network.restore()
    process = sync(near, home, run_id)
    assert process.returncode == 0, process.stderr
    assert f"{run_id} is at {network.url}/runs/{run_id}" in process.stdout
    assert not differences(near, viewer.root)
    assert sync(near, home, run_id, "--json").returncode == 0


def test_a_run_may_be_sent_later_to_any_server(near: Path, viewer: Viewer, home: Path, run_id: str) -> None:
    training = train(STEPWISE.replace("url=sys.argv[2], ", ""), near, home, run_id)
    training.communicate("go\n")
    assert not senders(near)
    for words, code, sentence in (
        ([run_id], 2, "--url"),
        (["20260101_000000_ffffff", "--url", viewer.url], 4, "20260101_000000_ffffff"),
        (["not-an-id", "--url", viewer.url], 2, "not-an-id"),
    ):
        refused = CliRunner().invoke(app, ["sync", "--storage", str(near), *words])
        assert refused.exit_code == code and sentence in refused.stderr
    assert sync(near, home, run_id, "--url", viewer.url).returncode == 0
    assert not differences(near, viewer.root)


def test_a_server_over_the_same_store_is_recognised(
    viewer: Viewer, home: Path, near: Path, run_id: str
) -> None:
    store = viewer.root
    training = train(STEPWISE, store, home, run_id, viewer.url)
    assert training.stdin and training.stdout
    training.stdout.readline()
    before = (store / "sent/one/runs" / run_id / "meta.json").stat().st_ino
    until(lambda: not senders(store))
    training.communicate("go\n" * 5)
    assert training.returncode == 0
    assert (store / "sent/one/runs" / run_id / "meta.json").stat().st_ino == before
    assert len(viewer.get(f"/api/runs/{run_id}/metrics_step").json()["rows"]) == 5


def test_a_run_that_was_removed_there_is_not_sent_again(
    near: Path, viewer: Viewer, home: Path, run_id: str
) -> None:
    training = train(STEPWISE, near, home, run_id, viewer.url)
    assert training.stdin and training.stdout
    training.stdout.readline()
    until(lambda: viewer.get(f"/api/runs/{run_id}").status_code == 200)
    viewer.post("/api/runs/soft-delete", json={"run_ids": [run_id]})
    viewer.post("/api/recycle-bin/empty", json={"confirm": True})
    training.communicate("go\n" * 5)
    until(lambda: not senders(near))
    assert not (viewer.root / "sent/one/runs" / run_id / "meta.json").exists()
    assert sync(near, home, run_id).returncode == 0  # started by hand
    assert not differences(near, viewer.root)


def test_a_token_is_sent_and_a_wrong_one_is_reported(
    near: Path, start_viewer: Callable[..., Viewer], home: Path, tmp_path: Path, run_id: str
) -> None:
    token = holds(tmp_path / "token")
    token.write_text(f"{secret()}\n")
    token.chmod(0o600)
    viewer = start_viewer(tmp_path / "store", "--token", str(token), RUNICORN_RATE_LIMIT="off")
    training = train(STEPWISE, near, home, run_id, viewer.url, RUNICORN_TOKEN=str(token))
    training.communicate("go\n")
    until(arrived(near, viewer.root))
    wrong = sync(near, home, run_id, "--url", viewer.url.replace("127.0.0.1", "localhost"), "--json")
    assert wrong.returncode == 1 and "token" in wrong.stdout


def test_forks_and_other_ranks_send_nothing_of_their_own(near: Path, viewer: Viewer, home: Path) -> None:
    script = """
import os, sys, runicorn as rn
run = rn.init("sent", "forked")
if os.fork() == 0:
    run.log({"child": 1.0})
    os._exit(0)
os.wait()
run.log({"parent": 1.0})
print("ready", flush=True)
sys.stdin.readline()
"""
    rank = train(
        "import runicorn as rn; rn.init().log({'a': 1})",
        near,
        home,
        RANK="1",
        WORLD_SIZE="2",
        RUNICORN_URL=viewer.url,
    )
    rank.communicate()
    training = train(script, near, home, RUNICORN_URL=viewer.url)
    assert training.stdout
    training.stdout.readline()
    only_sender(near)
    training.communicate("\n")
    until(arrived(near, viewer.root))


def test_artifacts_are_uploaded_with_their_run(near: Path, viewer: Viewer, home: Path) -> None:
    script = """
import sys, runicorn as rn
open("weights.bin", "wb").write(bytes(range(256)) * 40_000)
open("empty.txt", "w").close()
for name in ("first", "second"):
    with rn.init("sent", name, system_metrics=False, capture_env=False) as run:
        if name == "second":
            run.use_artifact("model/net:latest")
        model = rn.Artifact("net", type="model", description="a net", metadata={"layers": 3})
        model.add_file("weights.bin").add_file("empty.txt").add_reference("s3://bucket/data")
        model.add_metadata({"made by": name})
        print(run.log_artifact(model), flush=True)
"""
    train(
        script.replace("second", "warm up"), viewer.root, home
    ).communicate()  # the server measures its own coverage
    training = train(script, near, home, RUNICORN_URL=viewer.url)
    _, stderr = training.communicate()
    assert training.returncode == 0, stderr
    until(arrived(near, viewer.root))
    runs = {run["name"]: run["id"] for run in viewer.get("/api/runs").json() if run["hostname"]}
    versions = viewer.get("/api/artifacts/net/versions").json()
    mine = [
        entry for entry in versions if entry["created_by_run"] in {p.name for p in near.glob("*/*/runs/*")}
    ]
    assert len(mine) == 2 and all(entry["status"] == "ready" for entry in mine)
    (second,) = near.glob("sent/second/runs/*")
    links = viewer.get(f"/api/runs/{second.name}/artifacts").json()
    # Both runs are sent in parallel, so the second may arrive first.
    its = [entry["version"] for entry in mine if entry["created_by_run"] == second.name]
    assert [entry["version"] for entry in links["created"]] == its
    assert "first" in runs
    about = viewer.get(f"/api/artifacts/net/v{mine[0]['version']}").json()
    assert (about["description"], about["metadata"]["layers"], about["num_references"]) == ("a net", 3, 1)


def test_a_wrong_token_is_reported_at_the_start_and_a_new_one_is_read_from_its_file(
    near: Path, start_viewer: Callable[..., Viewer], home: Path, tmp_path: Path, run_id: str
) -> None:
    right, mine = holds(tmp_path / "token"), tmp_path / "mine"
    right.write_text(f"{secret()}\n")
    right.chmod(0o600)
    mine.write_text("an-old-token-that-the-server-does-not-know\n")
    viewer = start_viewer(tmp_path / "store", "--token", str(right), RUNICORN_RATE_LIMIT="off")
    training = train(STEPWISE, near, home, run_id, viewer.url, RUNICORN_TOKEN=str(mine))
    assert training.stdin and training.stdout and training.stderr
    assert training.stdout.readline() == "begun\n"
    line = until(lambda: next((line for line in training.stderr if "is not uploaded to" in line), ""))
    assert "token" in line and f"runicorn sync --storage {near} {run_id}" in line
    assert Path(line.partition("Details: ")[2].split()[0].rstrip(".")).read_text().count(run_id)
    holds(mine).write_text(right.read_text())
    training.communicate("go\n")
    until(arrived(near, viewer.root))


def test_the_standard_library_is_enough_to_log_to_a_server(
    near: Path, viewer: Viewer, home: Path, run_id: str
) -> None:
    # As `pip install --no-deps` leaves it: the package alone, without site-packages.
    script = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); assert not any('site-packages' in p for p in sys.path)\n"
    process = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script + STEPWISE, run_id, viewer.url],
        env=environment(home, RUNICORN_DIR=str(near)),
        cwd=near,
        input="go\n" * 3,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0 and "not completely" not in process.stderr, process.stderr
    until(lambda: not senders(near))
    assert not differences(near, viewer.root)


def test_sync_compares_by_digest_what_it_calls_complete(
    near: Path, viewer: Viewer, home: Path, run_id: str
) -> None:
    training = train(STEPWISE, near, home, run_id, viewer.url)
    training.communicate("go\n" * 3)
    until(arrived(near, viewer.root))
    far = viewer.root / "sent/one/runs" / run_id
    (picture,) = (far / "media").glob("*.png")
    picture.write_bytes(bytes(picture.stat().st_size))
    assert sync(near, home, run_id).returncode == 0
    assert not differences(near, viewer.root), "the picture was sent again"
    damaged = bytearray((far / "events.jsonl").read_bytes())
    damaged[5] ^= 1
    (far / "events.jsonl").write_bytes(damaged)
    refused = sync(near, home, run_id)
    assert refused.returncode == 1 and "events.jsonl" in refused.stderr and "digest" in refused.stderr


def through_trouble(seed: int, steps: int, near: Path, network: Proxy, viewer: Viewer, home: Path) -> None:
    """Train while senders are killed and the network is cut at random; both stores are equal in the end."""
    chance = random.Random(seed)
    run_id = f"20260118_120000_{seed:06x}"
    training = train(LONG, near, home, run_id, str(steps), RUNICORN_URL=network.url)
    assert training.stdout
    training.stdout.readline()
    mark = network.passed
    while training.poll() is None:
        # By bytes sent, not by time: this cuts within requests as often as between them.
        mark += chance.randrange(200, 40_000)
        until(lambda mark=mark: network.passed >= mark or training.poll() is not None or not senders(near))
        if chance.random() < 0.3:
            kill_senders(near)
        network.cut()
        network.restore()
        if not senders(near):
            revive(near, home)
    training.communicate()
    process = sync(near, home, run_id)
    if "another process" in process.stderr:
        until(lambda: not senders(near))
        process = sync(near, home, run_id)
    assert process.returncode == 0, process.stderr
    assert not differences(near, viewer.root)


def test_files_are_equal_in_the_end_after_random_kills_and_network_errors(
    near: Path, network: Proxy, viewer: Viewer, home: Path
) -> None:
    through_trouble(1, 200, near, network, viewer, home)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(2, 32))
def test_files_are_equal_after_many_random_kills_and_network_errors(
    seed: int, near: Path, network: Proxy, viewer: Viewer, home: Path
) -> None:
    through_trouble(seed, 1500, near, network, viewer, home)


def test_pauses_grow_to_a_minute_and_heed_the_server() -> None:
    pause, pauses = 0.0, []
    for _ in range(100):
        pause = next_pause(pause, None)
        pauses.append(pause)
    assert pauses[0] <= 1.0 and all(later >= earlier * 0.7 for earlier, later in pairwise(pauses))
    assert all(later <= max(1.0, earlier * 1.5) for earlier, later in pairwise(pauses))
    assert 40 <= pauses[-1] <= 60
    assert next_pause(30.0, 7.0) == 7.0


@pytest.mark.parametrize("url", ["host:23300", "ftp://host", "http://", "http://host:99999", "http://h/?a=b"])
def test_a_malformed_address_is_a_wrong_argument(url: str, near: Path) -> None:
    with pytest.raises(ValueError, match="url must be like"):
        rn.init(storage=near, url=url)
    assert not list(near.glob("*/*"))

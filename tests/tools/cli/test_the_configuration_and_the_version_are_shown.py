from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runicorn_tools.cli import app
from tests.processes import Viewer, environment
from tests.tools.cli.conftest import Call


def test_the_storage_root_is_set_shown_and_forgotten(call: Call, home: Path, tmp_path: Path) -> None:
    assert "(not set)" in call("config")[1]
    code, output = call("config", "--set-user-root", "chosen")
    chosen = str(Path.cwd() / "chosen")
    assert (code, output) == (0, f"Set user_root_dir to: {chosen}\n") and Path(chosen).is_dir()
    code, output = call("config", "--show")
    assert code == 0 and f"user_root_dir : {chosen}" in output
    assert json.loads(call("config", "--json")[1])["user_root_dir"] == chosen
    assert call("config", "--path")[1].strip() == str(home / "config" / "config.json")
    assert call("config", "--reset")[0] == 2
    assert call("config", "--reset", "--yes")[0] == 0 and "(not set)" in call("config")[1]


def test_other_settings_survive_a_reset(call: Call, home: Path) -> None:
    call("config", "--set-user-root", "chosen")
    file = home / "config" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"ssh_connections": [{"host": "h"}]}))
    call("config", "--reset", "--yes")
    assert json.loads(file.read_text()) == {"ssh_connections": [{"host": "h"}]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{not json", "is not valid JSON"), ('{"user_root_dir": 5}', "must be text"), ("[]", "JSON object")],
)
def test_a_broken_configuration_is_reported(call: Call, home: Path, content: str, sentence: str) -> None:
    assert call("config", "--validate")[0] == 0
    (home / "config" / "config.json").write_text(content)
    code, output = call("config", "--validate")
    assert code == 1 and sentence in output
    code, output = call("config", "--validate", "--json")
    assert code == 1 and not json.loads(output)["valid"]


@pytest.mark.skipif(os.name == "nt", reason="there these are paths")
@pytest.mark.parametrize("path", ["E:\\X", "c:/runs", "\\\\server\\share"])
def test_a_path_of_windows_is_refused_elsewhere(call: Call, path: str) -> None:
    code, output = call("config", "--set-user-root", path)
    assert code == 2 and "is a Windows path" in output
    assert "(not set)" in call("config")[1] and not Path(path).exists()


@pytest.mark.parametrize(
    ("answer", "code", "file_is_left"), [("", 2, True), ("n\n", 0, True), ("y\n", 0, False)]
)
def test_a_piped_answer_confirms(home: Path, answer: str, code: int, file_is_left: bool) -> None:
    file = home / "config" / "config.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"user_root_dir": "/x"}')
    command = [sys.executable, "-m", "runicorn", "config", "--reset"]
    process = subprocess.run(command, input=answer, capture_output=True, text=True, env=environment(home))
    assert process.returncode == code, process.stderr
    assert ("/x" in file.read_text()) == file_is_left
    assert "[y/N]" not in process.stdout


def test_two_things_at_once_are_refused(call: Call, tmp_path: Path) -> None:
    assert call("config", "--show", "--reset")[0] == 2
    (tmp_path / "file").write_text("")
    code, output = call("config", "--set-user-root", str(tmp_path / "file" / "below"))
    assert code == 2 and "Invalid path" in output


def test_the_version_names_the_implementation(call: Call) -> None:
    code, output = call("version", "--json")
    assert code == 0 and set(json.loads(output)) == {"name", "version", "implementation"}
    alone = CliRunner().invoke(app, ["--version"])
    assert (alone.exit_code, alone.output) == (0, f"runicorn {json.loads(output)['version']}\n")
    code, output = call("version")
    assert (
        code == 0
        and output.startswith("runicorn 1.")
        and "does not exist yet; the viewer creates it" in output
    )
    details = json.loads(call("version", "--json", "--details")[1])
    assert (
        details["store"]["runs"] == 3
        and details["store"]["bytes"] > 100_000
        and details["libraries"]["Django"]
    )


def test_the_state_of_the_database_is_shown(call: Call, root: Path, home: Path) -> None:
    viewer = Viewer(root, home).wait_until_it_answers()
    viewer.stop()
    assert "can be read" in call("version")[1] and "migrations" not in call("version")[1]
    (database,) = (home / "data").glob("runicorn*.sqlite3")
    database.write_bytes(b"x" * 4096)
    assert "damaged; the viewer rebuilds it" in call("version")[1]
    durable = home / "data" / "server.sqlite3"
    states = {"damaged": durable.write_bytes, "empty": lambda content: durable.write_bytes(b"")}
    for state, change in states.items():
        change(b"SQLite format 3\0" + bytes(range(256)) * 64)
        assert (
            f"{state}: restore a backup"
            in json.loads(call("version", "--json", "--details")[1])["durable_database"]["state"]
        )
        code, report = call("doctor")
        assert code == 1 and f"{state}: restore" in " ".join(report.split())
    durable.unlink()
    assert "missing: restore" in " ".join(call("doctor")[1].split())


def test_nothing_here_needs_django(root: Path, home: Path) -> None:
    script = (
        "import sys\n"
        "class No:\n"
        "    def find_spec(self, name, *more):\n"
        "        if name.partition('.')[0] in ('django', 'rest_framework', 'daphne'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "from runicorn_tools.cli import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
    )
    for words in (
        "version",
        "config",
        "export --output all.zip",
        "import all.zip",
        "manage --action search",
        "export --where metric.loss.last<1 --output some.zip",
        "sync me@127.0.0.1:/store --port 1",
        "artifacts --action list",
        "rate-limit --action list",
    ):
        process = subprocess.run(
            [sys.executable, "-c", script, *words.split(), "--storage", str(root)],
            env=environment(home, PATH=os.environ["PATH"]),
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr

"""Secrets planted where people keep them are in no file of a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.processes import environment
from tests.sdk.capture.repositories import git, repository
from tests.sdk.tracking.scripts import only_run

PLANTED = {
    "environment": "Zx9-planted-in-environment",
    "unlisted variable": "Zx9-planted-in-unlisted-variable",
    "database password": "Zx9pw-in-database-url",
    "argument": "Zx9-planted-in-argument",
    "argument with equals": "Zx9-planted-in-equals",
    "nested setting": "Zx9-planted-in-setting",
    "header": "Zx9-planted-in-header",
    "url argument": "Zx9pw-in-url-argument",
    "query": "Zx9-planted-in-query",
    "code": "Zx9-planted-in-code",
    "remote": "Zx9pw-in-remote",
    "instead of": "Zx9pw-in-insteadof",
    "uncommitted": "Zx9-planted-uncommitted",
    "env file": "Zx9-planted-in-env-file",
    "key file": "Zx9PlantedInKeyFile",
    "commit message": "ghp_Zx9PlantedInCommitMessage123456",
}

TRAIN = """
import os, sys
import runicorn as rn
from runicorn.capture import background
background.PATIENCE = 60.0
with rn.init("p", "n", capture_console=True) as run:
    run.log({"loss": 0.5})
    print("training")
"""
ARGUMENTS = [
    "--api-key",
    PLANTED["argument"],
    f"--wandb-token={PLANTED['argument with equals']}",
    f"model.hub.api_key={PLANTED['nested setting']}",
    "--header",
    f"Authorization: Bearer {PLANTED['header']}",
    f"--proxy=http://me:{PLANTED['url argument']}@proxy.example.org:3128",
    f"https://data.example.org/set?access_token={PLANTED['query']}&part=1",
    "--lr",
    "0.1",
]


def _work_in(folder: Path) -> None:
    repository(folder, **{".env": "A=1\n", "deploy.pem": "old\n"})
    git(folder, "remote", "add", "origin", f"https://ada:{PLANTED['remote']}@git.example.org/ada/models.git")
    git(
        folder,
        "config",
        f"url.https://ada:{PLANTED['instead of']}@git.example.org/.insteadOf",
        "https://git.example.org/",
    )
    git(folder, "commit", "-q", "--allow-empty", "-m", f"Use {PLANTED['commit message']} as it is")
    (folder / "train.py").write_text(f'lr = 0.2\napi_key = "{PLANTED["uncommitted"]}"\n')
    (folder / ".env").write_text(f"SOMETHING={PLANTED['env file']}\n")
    (folder / "deploy.pem").write_text(f"{PLANTED['key file']}\n")


def _train(folder: Path, root: Path, home: Path, *start: str) -> None:
    surroundings = environment(
        home,
        RUNICORN_DIR=str(root),
        HF_TOKEN=PLANTED["environment"],
        MY_OWN_THING=PLANTED["unlisted variable"],
        DATABASE_URL=f"postgres://ada:{PLANTED['database password']}@db.example.org/x",
        # A variable that is recorded, and holds one that is not.
        MLFLOW_TRACKING_URI=f"https://ada:{PLANTED['database password']}@mlflow.example.org",
        LD_LIBRARY_PATH=f"/opt/{PLANTED['environment']}/lib",
        CUDA_VISIBLE_DEVICES="0",
    )
    command = [sys.executable, *start, *ARGUMENTS]
    subprocess.run(command, cwd=folder, env=surroundings, check=True, capture_output=True, timeout=60)


def _leaks(root: Path) -> list[str]:
    leaks = []
    for path in root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            leaks += [
                f"{what} in {path.name}" for what, secret in PLANTED.items() if secret.encode() in content
            ]
    return leaks


def test_no_planted_secret_is_in_any_file(tmp_path: Path, folder: Path, home: Path) -> None:
    _work_in(tmp_path / "work")
    (tmp_path / "work" / "run.py").write_text(TRAIN)

    _train(tmp_path / "work", folder, home, "run.py")

    assert _leaks(folder) == []
    info = only_run(folder).json("environment")
    assert info["command_line"][1:] == [
        "run.py",
        "--api-key",
        "***",
        "--wandb-token=***",
        "model.hub.api_key=***",
        "--header",
        "Authorization: ***",
        "--proxy=http://***@proxy.example.org:3128",
        "https://data.example.org/set?access_token=***&part=1",
        "--lr",
        "0.1",
    ]
    assert info["git_info"]["remote"] == "https://git.example.org/ada/models.git"
    assert "+lr = 0.2" in info["git_info"]["diff"] and 'api_key = "***"' in info["git_info"]["diff"]
    assert info["env_variables"]["CUDA_VISIBLE_DEVICES"] == "0"
    assert info["env_variables"]["MLFLOW_TRACKING_URI"] == "https://***@mlflow.example.org"
    assert info["env_variables"]["LD_LIBRARY_PATH"] == "/opt/***/lib"
    assert not {"HF_TOKEN", "MY_OWN_THING", "DATABASE_URL"} & set(info["env_variables"])


def test_code_on_the_command_line_is_left_out(tmp_path: Path, folder: Path, home: Path) -> None:
    _work_in(tmp_path / "work")

    _train(tmp_path / "work", folder, home, "-W", "default", "-uc", f"secret = '{PLANTED['code']}'\n{TRAIN}")

    assert _leaks(folder) == []
    command = only_run(folder).json("environment")["command_line"]
    assert command[1:5] == ["-W", "default", "-uc", "***"]
    assert command[-2:] == ["--lr", "0.1"]

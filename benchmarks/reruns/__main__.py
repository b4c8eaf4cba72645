"""Fifty small projects are run, removed, and run again from what their runs recorded: `python -m benchmarks.reruns`.

Scripts, packages, notebooks, Hydra, argparse, config files and scikit-learn, in a repository and without one, with data in
artifacts. Each must reproduce its metrics, or say before it starts what cannot be the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[1]
GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
TRAIN = """
import random
random.seed({seed})
value = 1.0
for step in range(50):
    value *= 0.9 + 0.1 * random.random() * {lr}
    run.log({{"loss": value}}, step=step)
run.finish()
"""
HEAD = "import runicorn as rn\n"


class Project(NamedTuple):
    """A project.

    Attributes:
        files: contents by path.
        command: arguments of Python; a notebook has the cells instead.
        folder: working directory, relative to the project.
        cells: cells of a notebook.
        outside: data outside of the project that is removed too.
        prepare: makes artifacts before the run.
    """

    name: str
    files: dict[str, str | bytes]
    command: tuple[str, ...] = ("train.py",)
    folder: str = "."
    cells: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    outside: bool = False
    prepare: str = ""
    dirty: bool = False


def script(number: int) -> Project:
    text = HEAD + f'run = rn.init("p", "script", config={{"lr": 0.{number}, "seed": {number}}})\n'
    return Project("script", {"train.py": text + TRAIN.format(seed=number, lr=0.5)})


def changed(number: int) -> Project:
    return script(number)._replace(name="changed", dirty=True)


def modules(number: int) -> Project:
    main = HEAD + 'from lib.model import step\nrun = rn.init("p", "modules", config={"n": 5})\n'
    main += "x = 1.0\nfor n in range(30):\n    x = step(x)\n    run.log({'x': x})\nrun.finish()\n"
    return Project(
        "modules",
        {
            "train.py": main,
            "lib/__init__.py": "",
            "lib/model.py": f"def step(x):\n    return x * 0.9 + {number}\n",
        },
    )


def package(number: int) -> Project:
    main = HEAD + "from .model import FACTOR\nrun = rn.init('p', 'package', config={'factor': FACTOR})\n"
    main += TRAIN.format(seed=number, lr="FACTOR").replace("{{", "{")
    files: dict[str, str | bytes] = {
        "src/trainer/__init__.py": "",
        "src/trainer/__main__.py": main,
        "src/trainer/model.py": f"FACTOR = 0.{number}\n",
        "pyproject.toml": '[project]\nname = "trainer"\nversion = "1"\n',
    }
    return Project("package", files, ("-m", "trainer"), variables={"PYTHONPATH": "ROOT/src"})


def arguments(number: int) -> Project:
    text = (
        HEAD
        + "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float)\n"
    )
    text += "parser.add_argument('--seed', type=int, default=3)\nargs = parser.parse_args()\n"
    text += "run = rn.init('p', 'arguments', config=args)\n" + TRAIN.format(seed="args.seed", lr="args.lr")
    return Project(
        "arguments", {"train.py": text}, ("-u", "train.py", "--lr", f"0.{number}", f"--seed={number}")
    )


def hydra(number: int) -> Project:
    text = HEAD + "import hydra\nfrom omegaconf import OmegaConf\n"
    text += "@hydra.main(version_base=None, config_path='conf', config_name='config')\ndef main(config):\n"
    text += "    run = rn.init('p', 'hydra', config=OmegaConf.to_container(config))\n"
    text += "".join(
        f"    {line}\n" for line in TRAIN.format(seed="config.seed", lr="config.optim.lr").splitlines()
    )
    text += "main()\n"
    conf = f"optim:\n  lr: 0.1\nseed: {number}\nhydra:\n  run:\n    dir: .\n  output_subdir: null\n"
    return Project(
        "hydra", {"train.py": text, "conf/config.yaml": conf}, ("train.py", f"optim.lr=0.{number}")
    )


def config_file(number: int) -> Project:
    text = HEAD + "import json, sys\nconfig = json.load(open(sys.argv[1]))\n"
    text += "run = rn.init('p', 'config', config=config)\n" + TRAIN.format(
        seed="config['seed']", lr="config['lr']"
    )
    conf = f'{{"lr": 0.{number}, "seed": {number}}}'
    return Project(
        "config file",
        {"bin/train.py": text, "conf/a.json": conf},
        ("../bin/train.py", "a.json"),
        folder="conf",
    )


def artifact(number: int) -> Project:
    text = HEAD + "run = rn.init('p', 'artifact', config={'data': 'digits'})\n"
    text += "data = run.use_artifact('digits:latest').get_file_path('digits.txt').read_text().split()\n"
    text += "for step, word in enumerate(data):\n    run.log({'sum': sum(map(float, data[:step + 1]))}, step=step)\n"
    text += "run.finish()\n"
    prepare = (
        HEAD
        + "import pathlib\npathlib.Path('digits.txt').write_text(' '.join(str(n * NUMBER) for n in range(9)))\n"
    )
    prepare += "with rn.init('p', 'make') as run:\n"
    prepare += "    run.log_artifact(rn.Artifact('digits', 'dataset').add_file('digits.txt'))\n"
    return Project("artifact", {"train.py": text}, prepare=prepare.replace("NUMBER", str(number)))


def binary(number: int) -> Project:
    text = (
        HEAD
        + "data = open('data.bin', 'rb').read()\nrun = rn.init('p', 'binary', config={'size': len(data)})\n"
    )
    text += "for step in range(20):\n    run.log({'sum': sum(data[: step * 10])}, step=step)\nrun.finish()\n"
    return Project(
        "binary data", {"train.py": text, "data.bin": bytes((n * number) % 256 for n in range(5000))}
    )


def learner(number: int) -> Project:
    text = (
        HEAD
        + "from sklearn.datasets import make_classification\nfrom sklearn.linear_model import SGDClassifier\n"
    )
    text += f"x, y = make_classification(300, random_state={number})\nrun = rn.init('p', 'sklearn', config={{'a': 1}})\n"
    text += "model = SGDClassifier(random_state=1)\nfor step in range(10):\n    model.partial_fit(x, y, classes=[0, 1])\n"
    text += "    run.log({'accuracy': model.score(x, y)}, step=step)\nrun.finish()\n"
    return Project("scikit-learn", {"train.py": text})


def notebook(number: int) -> Project:
    cells = (
        "import random\nimport runicorn as rn",
        f"random.seed({number})\nrun = rn.init('p', 'notebook', config={{'lr': 0.{number}}})",
        "%time x = 1.0",
        "for step in range(20):\n    x *= random.random()\n    run.log({'x': x}, step=step)",
        "from helper import last\nrun.log({'last': last(x)})\nrun.finish()",
    )
    return Project("notebook", {"helper.py": f"def last(x):\n    return x + {number}\n"}, cells=cells)


def outside(number: int) -> Project:
    text = (
        HEAD + "import sys\ndata = open(sys.argv[1]).read()\nrun = rn.init('p', 'outside', config={'a': 1})\n"
    )
    text += "run.log({'size': len(data)})\nrun.finish()\n"
    return Project("data outside", {"train.py": text}, ("train.py", "OUTSIDE"), outside=True)


def typed(number: int) -> Project:
    text = HEAD + "run = rn.init('p', 'typed', config={'a': 1})\nrun.log({'x': 1})\nrun.finish()\n"
    return Project("python -c", {"README.md": "typed\n"}, ("-c", text))


COUNTS: tuple[tuple[Callable[[int], Project], int], ...] = (
    (script, 6),
    (changed, 4),
    (modules, 4),
    (package, 5),
    (arguments, 6),
    (hydra, 5),
    (config_file, 4),
    (artifact, 5),
    (binary, 2),
    (learner, 3),
    (notebook, 4),
    (outside, 1),
    (typed, 1),
)


class Failed(Exception):
    """A project could not be run at all."""


def projects() -> Iterator[tuple[Project, bool]]:
    """Yield all projects, and whether each is in a repository."""
    for make, count in COUNTS:
        for number in range(1, count + 1):
            yield make(number), number % 2 == 0


def _environment(place: Path, project: Project) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("RUNICORN_")}
    own = {name: value.replace("ROOT", str(place / "project")) for name, value in project.variables.items()}
    paths = [path for path in (own.pop("PYTHONPATH", ""), str(PACKAGE)) if path]
    return (
        variables
        | own
        | {
            "PYTHONPATH": os.pathsep.join(paths),
            "RUNICORN_DIR": str(place / "store"),
            "RUNICORN_CONFIG_DIR": str(place / "home" / "config"),
            "RUNICORN_DATA_DIR": str(place / "home" / "data"),
            "RUNICORN_COMPANION": "off",
        }
    )


def _write(project: Project, folder: Path, is_repository: bool) -> None:
    for name, content in project.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if is_repository or project.dirty:
        for arguments_ in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "state")):
            subprocess.run([*GIT, *arguments_], cwd=folder, check=True)
    if project.dirty:
        train = folder / "train.py"
        train.write_text(train.read_text().replace("0.9 +", "0.8 +") + "import extra\n")
        (folder / "extra.py").write_text("# untracked\n")


def _run_notebook(cells: tuple[str, ...], folder: Path, variables: dict[str, str]) -> None:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=variables)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        for cell in cells:
            reply = client.execute_interactive(cell, timeout=120, output_hook=lambda message: None)
            if reply["content"]["status"] != "ok":
                raise Failed(str(reply["content"].get("evalue")))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _run(project: Project, place: Path, is_repository: bool) -> tuple[str, str]:
    """Run a project, remove it, and repeat it; return "reproduced", "said" or "failed", and the output."""
    folder = place / "project"
    folder.mkdir(parents=True)
    _write(project, folder, is_repository)
    variables = _environment(place, project)
    data = place / "outside.txt"
    if project.outside:
        data.write_text("data outside")
    if project.prepare:
        made = place / "made"
        made.mkdir()
        subprocess.run(
            [sys.executable, "-c", project.prepare], cwd=made, env=variables, check=True, capture_output=True
        )
    command = [sys.executable, *(word.replace("OUTSIDE", str(data)) for word in project.command)]
    if project.cells:
        _run_notebook(project.cells, folder, variables)
    else:
        first = subprocess.run(
            command, cwd=folder / project.folder, env=variables, capture_output=True, text=True, check=False
        )
        if first.returncode:
            raise Failed(first.stderr)
    if project.prepare:  # a later version must not be used
        changed_again = project.prepare.replace("str(n * ", "str(7 + n * ")
        subprocess.run(
            [sys.executable, "-c", changed_again], cwd=made, env=variables, check=True, capture_output=True
        )
    shutil.rmtree(folder)
    data.unlink(missing_ok=True)
    runs = sorted((place / "store" / "p").glob("*/runs/*"), key=lambda path: path.name)
    run_id = next(path.name for path in reversed(runs) if path.parts[-3] != "make")
    again = [sys.executable, "-m", "runicorn", "rerun", run_id, "--check", "--folder", str(place / "again")]
    clean = variables | {"PYTHONPATH": str(PACKAGE)}
    done = subprocess.run(again, cwd=place, env=clean, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode == 0 and "Reproduced." in output:
        return "reproduced", output
    head, _, _ = output.partition("\n$ ")  # what was printed before the start
    return ("said" if "Cannot be the same" in head or "cannot be repeated" in head else "failed"), output


def main() -> None:
    """Print a line for each project, and the totals."""
    totals: dict[str, int] = {}
    only = sys.argv[1:]
    for number, (project, is_repository) in enumerate(projects(), 1):
        if only and project.name not in only:
            continue
        with tempfile.TemporaryDirectory() as place:
            began = time.perf_counter()
            try:
                result, output = _run(project, Path(place), is_repository)
            except Failed as error:
                result, output = "failed", str(error)
        totals[result] = totals.get(result, 0) + 1
        kind = "repository" if is_repository or project.dirty else "no repository"
        print(
            f"{number:2} {project.name:14} {kind:14} {result:10} {time.perf_counter() - began:5.1f} s",
            flush=True,
        )
        if result == "said":
            print("\n".join(f"   {line}" for line in output.splitlines() if "annot be" in line), flush=True)
        elif result == "failed":
            print(output, flush=True)
    print(", ".join(f"{count} {word}" for word, count in sorted(totals.items())))


if __name__ == "__main__":
    main()

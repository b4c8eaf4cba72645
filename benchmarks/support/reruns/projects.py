"""Small projects as people have them: scripts, packages, notebooks, frameworks, environments, repositories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
HEAD = "import runicorn as rn\n"
TRAIN = """
import random
random.seed({seed})
value = 1.0
for step in range(50):
    value *= 0.9 + 0.1 * random.random() * {lr}
    run.log({{"loss": value}}, step=step)
run.finish()
"""


class Project(NamedTuple):
    """A project.

    Attributes:
        files: contents by path.
        command: arguments of Python; a notebook has the cells instead. OUTSIDE is a file that is removed too.
        folder: working directory, relative to the project.
        cells: cells of a notebook.
        variables: environment variables; ROOT is the folder of the project.
        before: code that makes artifacts before the run, and other versions of them after it.
        environment: "uv" or "venv": the project has an environment of its own, which is removed too.
        packages: requirements of that environment.
        change: called before the run with the folder and a function that runs the project, or other words.
        spoil: changes the folder of the run, as if it were of another machine.
        options: options of `rerun`.
        says: text that must be printed before the start.
        is_reproduced: whether the metrics are those of the first run.
    """

    name: str
    files: Mapping[str, str | bytes]
    command: tuple[str, ...] = ("train.py",)
    folder: str = "."
    cells: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    before: str = ""
    environment: str = ""
    packages: tuple[str, ...] = ()
    change: Callable[[Path, Callable[..., None]], None] | None = None
    spoil: Callable[[Path], None] | None = None
    options: tuple[str, ...] = ()
    says: str = ""
    is_reproduced: bool = True


def git(folder: Path, *arguments: str) -> None:
    subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "state", "--allow-empty")


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def script(number: int) -> Project:
    text = HEAD + f'run = rn.init("p", "script", config={{"lr": 0.{number}, "seed": {number}}})\n'
    return Project("script", {"train.py": text + TRAIN.format(seed=number, lr=0.5)})


def dirty(number: int) -> Project:
    def change(folder: Path, run: Callable[..., None]) -> None:
        commit(folder)
        train = folder / "train.py"
        train.write_text(train.read_text().replace("0.9 +", "0.8 +") + "import extra\n")
        (folder / "extra.py").write_text("# untracked\n")

    return script(number)._replace(name="dirty tree", change=change)


def renamed(number: int) -> Project:
    def change(folder: Path, run: Callable[..., None]) -> None:
        (folder / "train.py").rename(folder / "old.py")
        commit(folder)
        run("old.py")
        git(folder, "mv", "old.py", "train.py")

    return script(number)._replace(name="renamed", change=change)


def modules(number: int) -> Project:
    main = HEAD + 'from lib.model import step\nrun = rn.init("p", "modules", config={"n": 5})\n'
    main += "x = 1.0\nfor n in range(30):\n    x = step(x)\n    run.log({'x': x})\nrun.finish()\n"
    files = {
        "train.py": main,
        "lib/__init__.py": "",
        "lib/model.py": f"def step(x):\n    return x * 0.9 + {number}\n",
    }
    return Project("modules", files)


def submodule(number: int) -> Project:
    def change(folder: Path, run: Callable[..., None]) -> None:
        inner = folder.parent / "inner"
        shutil.move(folder / "lib", inner)
        commit(inner)
        commit(folder)
        git(folder, "submodule", "add", "-q", str(inner), "lib")
        commit(folder)
        with (folder / "lib" / "model.py").open("a") as file:
            file.write("# changed in the submodule\n")
        shutil.rmtree(inner)

    return modules(number)._replace(name="submodule", change=change)


def package(number: int) -> Project:
    main = HEAD + "from .model import FACTOR\nrun = rn.init('p', 'package', config={'factor': FACTOR})\n"
    main += TRAIN.format(seed=number, lr="FACTOR")
    files = {
        "src/trainer/__init__.py": "",
        "src/trainer/__main__.py": main,
        "src/trainer/model.py": f"FACTOR = 0.{number}\n",
        "pyproject.toml": '[project]\nname = "trainer"\nversion = "1"\n',
    }
    return Project("python -m", files, ("-m", "trainer"), variables={"PYTHONPATH": "ROOT/src"})


def arguments(number: int) -> Project:
    text = (
        HEAD
        + "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float)\n"
    )
    text += "parser.add_argument('--seed', type=int, default=3)\nargs = parser.parse_args()\n"
    text += "run = rn.init('p', 'arguments', config=args)\n" + TRAIN.format(seed="args.seed", lr="args.lr")
    command = ("-u", "train.py", "--lr", f"0.{number}", f"--seed={number}")
    return Project("argparse", {"train.py": text}, command)


def token(number: int) -> Project:
    text = HEAD + "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--api-token')\n"
    text += "args = parser.parse_args()\nrun = rn.init('p', 'secret', config={'a': 1})\n"
    text += TRAIN.format(seed="len(args.api_token)", lr=number)
    value = f"value-{number}-of-a-secret"
    options = ("--secret", f"api-token={value}")
    return Project("secret in argv", {"train.py": text}, ("train.py", "--api-token", value), options=options)


def hydra(number: int) -> Project:
    text = HEAD + "import hydra\nfrom omegaconf import OmegaConf\n"
    text += "@hydra.main(version_base=None, config_path='conf', config_name='config')\ndef main(config):\n"
    text += "    run = rn.init('p', 'hydra', config=OmegaConf.to_container(config))\n"
    train = TRAIN.format(seed="config.seed", lr="config.optim.lr")
    text += "".join(f"    {line}\n" for line in train.splitlines()) + "main()\n"
    conf = f"defaults: [_self_, optim: sgd]\nseed: {number}\n"
    files = {"train.py": text, "conf/config.yaml": conf, "conf/optim/sgd.yaml": "lr: 0.1\n"}
    return Project("Hydra", files, ("train.py", f"optim.lr=0.{number}"))


def config_file(number: int) -> Project:
    text = HEAD + "import json, sys\nconfig = json.load(open(sys.argv[1]))\n"
    text += "run = rn.init('p', 'config', config=config)\n"
    text += TRAIN.format(seed="config['seed']", lr="config['lr']")
    files = {"bin/train.py": text, "conf/a.json": f'{{"lr": 0.{number}, "seed": {number}}}'}
    return Project("config file", files, ("../bin/train.py", "a.json"), folder="conf")


def windows(number: int) -> Project:
    text = script(number).files["train.py"]
    assert isinstance(text, str)
    files = {
        "train.py": text.replace("\n", "\r\n"),
        "data.txt": b"\xff\xfea\r\n",
        "ligne \xe9.txt": b"caf\xe9\r\n",
    }
    return Project("line ends", files)


def binary(number: int) -> Project:
    text = (
        HEAD
        + "data = open('data.bin', 'rb').read()\nrun = rn.init('p', 'binary', config={'size': len(data)})\n"
    )
    text += "for step in range(20):\n    run.log({'sum': sum(data[: step * 10])}, step=step)\nrun.finish()\n"
    return Project(
        "binary data", {"train.py": text, "data.bin": bytes((n * number) % 256 for n in range(5000))}
    )


def outputs(number: int) -> Project:
    """Return a script that reads data beside it and overwrites results there, run three times."""
    text = HEAD + "import json, os, pathlib\ndata = json.loads(pathlib.Path('data.json').read_text())\n"
    text += "run = rn.init('p', 'outputs', config={'seed': int(os.environ.get('SEED', 7))})\n"
    text += TRAIN.format(seed=number, lr="data['lr']")
    text += "pathlib.Path('results.json').write_text(json.dumps([value, os.environ.get('SEED', '7')]))\n"
    text += "pathlib.Path('weights.npy').write_bytes(os.urandom(40_000))\n"

    def change(folder: Path, run: Callable[..., None]) -> None:
        run()
        run()

    return Project("outputs", {"train.py": text, "data.json": f'{{"lr": 0.{number}}}'}, change=change)


def artifact(number: int) -> Project:
    text = HEAD + "run = rn.init('p', 'artifact', config={'data': 'digits'})\n"
    text += "data = run.use_artifact('digits:latest').get_file_path('digits.txt').read_text().split()\n"
    text += "for step, word in enumerate(data):\n    run.log({'sum': sum(map(float, data[:step + 1]))}, step=step)\n"
    text += "run.finish()\n"
    before = HEAD + f"import pathlib, sys\nnumber = {number} + int(sys.argv[1])\n"
    before += "pathlib.Path('digits.txt').write_text(' '.join(str(n * number) for n in range(9)))\n"
    before += "with rn.init('p', 'make') as run:\n"
    before += "    run.log_artifact(rn.Artifact('digits', 'dataset').add_file('digits.txt'))\n"
    return Project("artifact", {"train.py": text}, before=before)


def learner(number: int) -> Project:
    text = (
        HEAD
        + "from sklearn.datasets import make_classification\nfrom sklearn.linear_model import SGDClassifier\n"
    )
    text += f"x, y = make_classification(300, random_state={number})\n"
    text += "run = rn.init('p', 'sklearn', config={'a': 1})\n"
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


MODULE = """
import lightning, torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

class Model(lightning.LightningModule):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1))
    def training_step(self, batch, index):
        loss = nn.functional.mse_loss(self.layer(batch[0]), batch[1])
        self.log("train/loss", loss)
        return loss
    def validation_step(self, batch, index):
        self.log("val/loss", nn.functional.mse_loss(self.layer(batch[0]), batch[1]))
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)

def loader(shuffle):
    x = torch.randn(128, 8)
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=16, shuffle=shuffle)
"""


def lightning_callback(number: int) -> Project:
    text = MODULE + "from runicorn.integrations.lightning import RunicornCallback\n"
    text += f"lightning.seed_everything({number})\n"
    text += (
        "trainer = lightning.Trainer(max_epochs=2, accelerator='cpu', log_every_n_steps=1, logger=False,\n"
    )
    text += "    callbacks=[RunicornCallback(project='p', name='lightning')])\n"
    text += "trainer.fit(Model(), loader(True), loader(False))\n"
    return Project("Lightning", {"train.py": text})


def lightning_logger(number: int) -> Project:
    text = "import argparse\nfrom model import *\nfrom runicorn.integrations.lightning_logger import RunicornLogger\n"
    text += "parser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float)\nargs = parser.parse_args()\n"
    text += f"lightning.seed_everything({number})\n"
    text += "trainer = lightning.Trainer(max_epochs=2, accelerator='cpu', log_every_n_steps=1,\n"
    text += "    logger=RunicornLogger(project='p', name='lightning'))\n"
    text += "trainer.fit(Model(args.lr), loader(True), loader(False))\n"
    return Project(
        "Lightning log", {"train.py": text, "model.py": MODULE}, ("train.py", "--lr", f"0.0{number}")
    )


TINY = """
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed
set_seed({seed})
shape = BertConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
model = BertForSequenceClassification(shape)
ids = torch.randint(0, 64, (64, 8))
rows = [dict(input_ids=row, attention_mask=torch.ones_like(row), labels=int(row[0] > 31)) for row in ids]
"""


def transformers_trainer(number: int) -> Project:
    text = TINY.format(seed=number) + "from runicorn.integrations.transformers import RunicornCallback\n"
    text += "options = TrainingArguments('checkpoints', num_train_epochs=2, per_device_train_batch_size=8, use_cpu=True,\n"
    text += f"    logging_steps=2, report_to='none', eval_strategy='epoch', save_strategy='epoch', seed={number})\n"
    text += "tracker = RunicornCallback(project='p', name='transformers')\n"
    text += "Trainer(model, options, train_dataset=rows[:48], eval_dataset=rows[48:], callbacks=[tracker]).train()\n"
    return Project("Transformers", {"train.py": text})


def transformers_loop(number: int) -> Project:
    text = HEAD + TINY.format(seed=number) + "run = rn.init('p', 'loop', config=shape.to_dict())\n"
    text += "optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)\nlabels = (ids[:, 0] > 31).long()\n"
    text += (
        "for step in range(5):\n    loss = model(input_ids=ids, labels=labels).loss\n    loss.backward()\n"
    )
    text += "    optimizer.step()\n    optimizer.zero_grad()\n    run.log({'loss': loss.item()}, step=step)\nrun.finish()\n"
    return Project("PyTorch loop", {"train.py": text})


def environment(kind: str) -> Callable[[int], Project]:
    """Return the maker of projects in environments with a version of a package that is not here."""

    def make(number: int) -> Project:
        text = HEAD + "import toolz\nrun = rn.init('p', 'environment', config={'toolz': toolz.__version__})\n"
        text += "for step, word in enumerate(toolz.__version__.split('.')):\n    run.log({'part': int(word)}, step=step)\n"
        packages = (("toolz==0.12.0", "toolz==0.11.2")[number - 1],)
        says = f"a new one by {kind}" if kind == "uv" else "a new one by venv"
        project = Project(kind, {"train.py": text}, environment=kind, packages=packages, says=says)
        return (
            project
            if kind != "conda"
            else project._replace(environment="venv", spoil=_conda, says="not here")
        )

    return make


def _conda(run_dir: Path) -> None:
    def change(content: dict[str, object]) -> None:
        content["conda_packages"], content["conda_env"] = (
            ["python=3.11.2=h123_0", "toolz=0.12.0=py_0"],
            "work",
        )

    _rewritten(run_dir, change)


def _rewritten(run_dir: Path, change: Callable[[dict[str, object]], None]) -> None:
    path = run_dir / "environment.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def other_gpu(number: int) -> Project:
    def spoil(run_dir: Path) -> None:
        card = {"name": "NVIDIA H100 80GB HBM3", "driver_version": "550.54.15"}
        _rewritten(run_dir, lambda content: content.update(gpu_info=[card, card]))

    return script(number)._replace(name="other GPU", spoil=spoil, says="2 × NVIDIA H100 80GB HBM3")


def missing_package(number: int) -> Project:
    """Return a project with a package in its environment that is in no index."""
    text = (
        HEAD
        + "import runicorn_house_tools\nrun = rn.init('p', 'house', config={'a': 1})\nrun.log({'x': 1})\nrun.finish()\n"
    )
    files = {"train.py": text}
    packages = ("runicorn_house_tools",)
    says = "runicorn-house-tools==1.0 is in no package index"
    return Project(
        "own package", files, environment="venv", packages=packages, says=says, is_reproduced=False
    )


def missing_data(number: int) -> Project:
    text = (
        HEAD + "import sys\ndata = open(sys.argv[1]).read()\nrun = rn.init('p', 'outside', config={'a': 1})\n"
    )
    text += "run.log({'size': len(data)})\nrun.finish()\n"
    says = "is data outside of sources and artifacts, which is not here"
    return Project(
        "missing data", {"train.py": text}, ("train.py", "OUTSIDE"), says=says, is_reproduced=False
    )


COUNTS: tuple[tuple[Callable[[int], Project], int], ...] = (
    (script, 2),
    (dirty, 2),
    (renamed, 1),
    (modules, 2),
    (submodule, 1),
    (package, 3),
    (arguments, 3),
    (token, 1),
    (hydra, 3),
    (config_file, 2),
    (windows, 2),
    (binary, 1),
    (outputs, 2),
    (artifact, 3),
    (learner, 2),
    (notebook, 4),
    (lightning_callback, 2),
    (lightning_logger, 2),
    (transformers_trainer, 2),
    (transformers_loop, 2),
    (environment("uv"), 2),
    (environment("venv"), 2),
    (environment("conda"), 1),
    (other_gpu, 1),
    (missing_package, 1),
    (missing_data, 1),
)


def projects() -> Iterator[tuple[Project, bool]]:
    """Yield all projects, and whether each is in a repository."""
    for make, count in COUNTS:
        for number in range(1, count + 1):
            yield make(number), number % 2 == 0


def prepared(project: Project, folder: Path, is_repository: bool) -> None:
    """Write the files of a project, and commit them if it is in a repository."""
    folder.mkdir(parents=True)
    write(folder, project.files)
    if is_repository:
        commit(folder)


def make_environment(project: Project, folder: Path) -> str:
    """Create the environment of a project; return its interpreter.

    A requirement without a version is a package that is in no index: it is written into the environment.
    """
    place = folder / ".venv"
    python = str(place / "bin" / "python")
    requirements = [word for word in project.packages if "==" in word]
    if project.environment == "uv":
        commands = [["uv", "venv", "-q", "--python", sys.executable, str(place)]]
        commands += [["uv", "pip", "install", "-q", "--python", python, *requirements]]
    else:
        commands = [
            [sys.executable, "-m", "venv", *(["--without-pip"] if not requirements else []), str(place)]
        ]
        if requirements:
            commands += [[python, "-m", "pip", "install", "-q", *requirements]]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    (library,) = (place / "lib").glob("python*/site-packages")
    for name in set(project.packages) - set(requirements):
        (library / f"{name}.py").write_text("")
        info = library / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    if os.path.exists(folder / ".git"):
        (folder / ".gitignore").write_text(".venv/\n")
    return python

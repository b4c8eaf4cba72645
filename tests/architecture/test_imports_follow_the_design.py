"""Which package may import which: the direction that keeps a training script light and the apps apart."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.trees import tree_of

PROJECT = Path(__file__).resolve().parents[2]
OURS = {"runicorn", "runicorn_site", "runs", "artifacts", "metrics", "remote"}
MAY_IMPORT = {
    "runicorn": set(),
    "runs": {"runicorn"},
    "metrics": {"runs", "runicorn"},
    "artifacts": {"runs", "runicorn"},
    "remote": {"runicorn"},
    "runicorn_site": OURS,
}
# The toolkit that all apps share, and that imports none of them.
WEB = "runicorn_site.web"
# Third parties that a module of the light package may import at its top.
LIGHT_EXTRAS = {
    "runicorn/cli": {"typer", "rich", "click"},
    "runicorn/api": {"requests", "urllib3"},
    "runicorn/demo": {"numpy"},
    "runicorn/compat/wandb/integration/xgboost.py": {"xgboost"},
    "runicorn/compat/wandb/integration/sb3.py": {"stable_baselines3"},
    "runicorn/compat/also/real_mlflow.py": {"mlflow"},
    "runicorn/compat/also/real_tensorboard.py": {"numpy", "tensorboardX", "torch"},
    "runicorn_importers/wandb/server.py": {"requests"},
    "runicorn/integrations/lightning.py": {"lightning", "pytorch_lightning"},
    "runicorn/integrations/lightning_logger.py": {"lightning", "pytorch_lightning"},
    "runicorn/integrations/hydra.py": {"hydra", "omegaconf"},
    **{
        f"runicorn/integrations/{name}.py": {name}
        for name in (
            *("accelerate", "fastai", "keras", "optuna", "ray", "sklearn", "stable_baselines3"),
            *("transformers", "xgboost"),
        )
    },
}
OPTIONAL = {"orjson"}


def _files(package: str) -> Iterator[Path]:
    yield from sorted((PROJECT / package).rglob("*.py"))


def _imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Every absolute import with the top package it names."""
    for module, node in _modules(tree):
        yield module.split(".")[0], node


def _modules(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Every absolute import with the module it names; `from runs import services` names `runs.services`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            for name in node.names:
                yield f"{node.module}.{name.name}" if node.module in OURS else node.module or "", node


def _inside_functions(tree: ast.AST) -> set[ast.stmt]:
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node for function in functions for node in ast.walk(function) if isinstance(node, ast.stmt)}


def _type_only(tree: ast.AST) -> set[ast.stmt]:
    guards = [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    return {node for guard in guards for node in ast.walk(guard) if isinstance(node, ast.stmt)}


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_an_app_imports_only_what_lies_below_it(package: str) -> None:
    wrong = []
    for path in _files(package):
        is_web = path.is_relative_to(PROJECT / "runicorn_site" / "web")
        # The command line starts the server; it is the one door from the light package to the site.
        door = package == "runicorn" and path.is_relative_to(PROJECT / "runicorn_tools" / "cli")
        allowed = (
            MAY_IMPORT[package]
            | {package}
            | ({"runicorn_site", "runs", "metrics", "remote"} if door else set())
        )
        for module, node in _modules(tree_of(path)):
            if is_web and module.split(".")[0] != "runicorn":
                allowed_here = module.startswith(WEB) or module.split(".")[0] not in OURS
            else:
                allowed_here = module.split(".")[0] not in OURS - allowed or module.startswith(WEB)
            if not allowed_here:
                wrong.append(f"{path.relative_to(PROJECT)}:{node.lineno} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_the_light_package_needs_only_the_standard_library_at_its_top() -> None:
    wrong = []
    for path in _files("runicorn"):
        tree = tree_of(path)
        deferred = _inside_functions(tree) | _type_only(tree)
        place = path.relative_to(PROJECT).as_posix()
        extras = {
            name for folder, names in LIGHT_EXTRAS.items() if place.startswith(folder) for name in names
        }
        for name, node in _imports(tree):
            third = name not in sys.stdlib_module_names | {"runicorn"} | extras | OPTIONAL
            if third and node not in deferred:
                wrong.append(f"{place}:{node.lineno} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_light_package_never_imports_django() -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for path in _files("runicorn")
        if "cli" not in path.parts
        for name, node in _imports(tree_of(path))
        if name in {"django", "rest_framework", "channels", "daphne"}
    ]
    assert not wrong, "\n".join(wrong)


def test_asyncssh_has_one_importer_that_loads_it_when_it_is_needed() -> None:
    importers = set()
    for package in OURS:
        for path in _files(package):
            tree = tree_of(path)
            deferred = _inside_functions(tree)
            importers |= {(path, node in deferred) for name, node in _imports(tree) if name == "asyncssh"}
    assert importers == {(PROJECT / "remote" / "ssh" / "client.py", True)}

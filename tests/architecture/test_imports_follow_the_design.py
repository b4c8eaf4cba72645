"""Which package may import which: the direction that keeps a training script light and the apps apart."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.trees import imports_of, nodes_of

PROJECT = Path(__file__).resolve().parents[2]
OURS = {
    *("runicorn", "runicorn_importers", "runicorn_tools", "runicorn_site"),
    *("runs", "artifacts", "metrics", "remote", "alerts", "people", "samples"),
}
MAY_IMPORT = {
    "runicorn": set(),
    "runicorn_tools": {"runicorn"},
    "runicorn_importers": {"runicorn", "runicorn_tools"},
    "runs": {"runicorn", "runicorn_tools"},
    "metrics": {"runs", "runicorn", "runicorn_tools"},
    "artifacts": {"runs", "runicorn", "runicorn_tools"},
    "samples": {"runs", "runicorn", "runicorn_tools"},
    "alerts": {"metrics", "runs", "samples", "runicorn", "runicorn_tools"},
    "people": {"metrics", "runs", "runicorn", "runicorn_tools"},
    "remote": {"runicorn", "runicorn_tools"},
    "runicorn_site": OURS,
}
# Who may do what is decided beside the guard and the proxies, and accounts have a database of their own.
OF_THE_SITE = {
    "people": (
        "runicorn_site.security",
        "runicorn_site.transport",
        "runicorn_site.database",
        "runicorn_site.pages.settings",
    ),
}
# The toolkit that all apps share, and that imports none of them.
WEB = "runicorn_site.web"
# Third parties that a module of the light package may import at its top.
LIGHT_EXTRAS = {
    "runicorn_tools/cli": {"typer", "rich", "click"},
    "runicorn_importers/cli": {"typer", "rich", "click"},
    "runicorn/api": {"requests", "urllib3"},
    "runicorn/compat/wandb/integration/xgboost.py": {"xgboost"},
    "runicorn/compat/wandb/integration/sb3.py": {"stable_baselines3"},
    "runicorn/compat/forwarding/real_mlflow.py": {"mlflow"},
    "runicorn/compat/forwarding/real_tensorboard.py": {"numpy", "tensorboardX", "torch"},
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
LIGHT = ("runicorn", "runicorn_tools", "runicorn_importers")


def _files(package: str) -> Iterator[Path]:
    yield from sorted((PROJECT / package).rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Every absolute import with the top package it names."""
    for module, node in _modules(path):
        yield module.split(".")[0], node


def _modules(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Every absolute import with the module it names; `from runs import services` names `runs.services`."""
    for node in imports_of(path):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node
        else:
            assert node.level == 0, f"relative import in line {node.lineno}"
            for name in node.names:
                yield f"{node.module}.{name.name}" if node.module in OURS else node.module or "", node


@cache
def _inside_functions(path: Path) -> set[ast.AST]:
    functions = [n for n in nodes_of(path) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node for function in functions for node in ast.walk(function)}


@cache
def _type_only(path: Path) -> set[ast.AST]:
    guards = [n for n in nodes_of(path) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    return {node for guard in guards for node in ast.walk(guard)}


def test_an_app_imports_only_what_lies_below_it(subtests: pytest.Subtests) -> None:
    for package in sorted(MAY_IMPORT):
        with subtests.test(package=package):
            wrong = []
            for path in _files(package):
                is_web = path.is_relative_to(PROJECT / "runicorn_site" / "web")
                allowed = MAY_IMPORT[package] | {package}
                toolkit = (WEB, *OF_THE_SITE.get(package, ()))
                for module, node in _modules(path):
                    if is_web and module.split(".")[0] not in {"runicorn", "runicorn_tools"}:
                        allowed_here = module.startswith(WEB) or module.split(".")[0] not in OURS
                    else:
                        allowed_here = module.split(".")[0] not in OURS - allowed or module.startswith(
                            toolkit
                        )
                    if not allowed_here:
                        wrong.append(f"{path.relative_to(PROJECT)}:{node.lineno} imports {module}")
            assert not wrong, "\n".join(wrong)


def test_the_light_packages_need_only_the_standard_library_at_its_top() -> None:
    wrong = []
    for path in (path for package in LIGHT for path in _files(package)):
        place = path.relative_to(PROJECT).as_posix()
        extras = {
            name for folder, names in LIGHT_EXTRAS.items() if place.startswith(folder) for name in names
        }
        for name, node in _imports(path):
            third = name not in sys.stdlib_module_names | set(LIGHT) | extras | OPTIONAL
            if third and node not in _inside_functions(path) | _type_only(path):
                wrong.append(f"{place}:{node.lineno} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_light_packages_never_import_django() -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for package in LIGHT
        for path in _files(package)
        for name, node in _imports(path)
        if name in {"django", "rest_framework", "channels", "daphne"}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_core_of_the_sdk_knows_no_other_tracker_and_no_framework() -> None:
    above = tuple(PROJECT / "runicorn" / name for name in ("cli", "compat", "integrations"))
    wrong = [
        f"{path.relative_to(PROJECT)}:{node.lineno} imports {module}"
        for path in _files("runicorn")
        if not any(path.is_relative_to(folder) for folder in above)
        for module, node in _modules(path)
        if module.startswith(("runicorn.compat", "runicorn.integrations"))
    ]
    assert not wrong, "\n".join(wrong)


def test_asyncssh_has_one_importer_that_loads_it_when_it_is_needed() -> None:
    importers = set()
    for package in OURS:
        for path in _files(package):
            importers |= {
                (path, node in _inside_functions(path)) for name, node in _imports(path) if name == "asyncssh"
            }
    assert importers == {(PROJECT / "remote" / "ssh" / "client.py", True)}

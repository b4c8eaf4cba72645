"""Layers inside each app: arrows between folders go down only, and no modules import each other in a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.trees import imports_of

PROJECT = Path(__file__).resolve().parents[2]
# Lowest first; "." is the top of the app. A folder imports from those before it and from its own row.
LAYERS = {
    "runs": ["store", ".", "query", "index", "services", "live", "api", "pages"],
    "metrics": ["store", ".", "ingest", "query", "differences", "live", "api", "pages"],
    "artifacts": [".", "index", "services", "lineage", "api", "pages", "admin"],
    "remote": ["ssh", ".", "connections", "environments", "viewers", "services", "api", "pages"],
    "samples": ["store", ".", "services", "query", "api", "pages"],
    "alerts": ["kinds", ".", "delivery", "judging", "services", "api", "pages"],
    "people": ["access", ".", "shares", "pages"],
    "runicorn_site": ["web", "database", "cluster", "security", "transport", "conditional", "assets", "monitoring", "backup", "watching", "api", ".", "demo", "catalog", "page_file", "documents", "agents", "server", "pages", "palette", "cli"],
    "runicorn": [
        "_platform", ".", "api/responses", "store", "settings", "alerts", "media", "artifacts", "capture", "api",
        "companion", "upload", "legacy", "cells", "tracking", "integrations", "compat", "cli",
    ],
    "runicorn_tools": ["analysis", "differences", "rerun", "export", "archives", "sync", ".", "fsck", "cli"],
    "runicorn_importers": ["sample_rows", "experiment", "formats", "writing", ".", "aim", "mlflow", "swanlab", "tensorboard", "wandb", "samples", "watching", "cli"],
}  # fmt: skip
# Entry points that wire an app together; its errors, on the other hand, are known to every folder.
ENTRY = {
    "urls",
    "admin",
    "apps",
    "asgi",
    "settings",
    "errors",
    "sdk",
    "extensions",
    "config",
    "__init__",
    "__main__",
}
WITHOUT_DJANGO = ("runs/store", "samples/store", "metrics/store", "remote/ssh")


def modules_of(app: str) -> dict[str, Path]:
    """Return the modules of an app by their dotted names, migrations left out."""
    modules = {}
    for path in sorted((PROJECT / app).rglob("*.py")):
        if "migrations" not in path.parts:
            parts = path.relative_to(PROJECT).with_suffix("").parts
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def imported_by(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules of the same app that a file imports, type-only and deferred imports included."""
    names = set()
    for node in imports_of(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                names.add(name if name in modules else node.module)
    return {name for name in names if name in modules}


def folder_of(module: str, path: Path) -> str:
    """Return the first folder below the app, or "." for its top. A module may stand for a folder: `services.py`.

    `api/responses` is a layer of its own: types that the server, the command line and the client share.
    """
    parts = path.relative_to(PROJECT).parts
    if parts[1:3] == ("api", "responses"):
        return "api/responses"
    return parts[1] if len(parts) > 2 else path.stem if path.stem in LAYERS[parts[0]] else "."


@pytest.mark.parametrize("app", sorted(LAYERS))
def test_arrows_between_folders_only_go_down(app: str) -> None:
    modules, layers, wrong = modules_of(app), LAYERS[app], []
    for module, path in modules.items():
        folder = folder_of(module, path)
        if folder in {"templatetags", "management"} or (folder in {".", "legacy"} and path.stem in ENTRY):
            continue
        assert folder in layers, f"{module}: a new folder needs its place in LAYERS"
        for imported in imported_by(path, modules):
            below = folder_of(imported, modules[imported])
            if below != folder and imported != f"{app}.errors" and layers.index(below) > layers.index(folder):
                wrong.append(f"{module} imports {imported}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("app", sorted(LAYERS))
def test_no_modules_of_an_app_import_each_other_in_a_circle(app: str) -> None:
    modules = modules_of(app)
    graph = {name: imported_by(path, modules) - {name} for name, path in modules.items()}
    while leaves := [name for name, imported in graph.items() if not imported & graph.keys()]:
        for name in leaves:
            del graph[name]
    while roots := graph.keys() - set().union(*graph.values(), set()):
        for name in roots:
            del graph[name]
    assert not graph, f"circle among {sorted(graph)}"


@pytest.mark.parametrize("folder", WITHOUT_DJANGO)
def test_a_folder_below_the_models_imports_no_django(folder: str) -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for path in sorted((PROJECT / folder).rglob("*.py"))
        for node in imports_of(path)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
        if name.split(".")[0] in {"django", "rest_framework", "channels", "daphne"}
    ]
    assert not wrong, "\n".join(wrong)

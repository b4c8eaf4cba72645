"""What a script pays for `import runicorn`, and what it may import from it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import runicorn as rn

PROJECT = Path(__file__).resolve().parents[3]
HEAVY = {
    "django",
    "requests",
    "numpy",
    "PIL",
    "matplotlib",
    "orjson",
    "psutil",
    "platformdirs",
    "asyncio",
    "typer",
}


def _loaded(statement: str) -> set[str]:
    text = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    process = subprocess.run(
        [sys.executable, "-c", text], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in process.stdout.split()}


def test_importing_loads_nothing_but_itself() -> None:
    assert _loaded("import runicorn") <= {"runicorn", "__future__"}


def test_init_loads_neither_typing_nor_openssl() -> None:
    # Each takes a tenth of what a training pays for `init`.
    loaded = _loaded("import runicorn; runicorn.init")
    assert {"runicorn", "json", "threading"} <= loaded
    assert not loaded & {"typing", "hashlib", "_hashlib", "dataclasses", "inspect", "socket", "subprocess"}


def test_named_tuples_without_typing_are_those_of_typing() -> None:
    import pickle

    from runicorn.store.process_identity import ProcessRecord

    record = ProcessRecord(5, hostname="here")
    assert record == (5, None, "here", "", "", "") and record._replace(pid=6).pid == 6
    assert ProcessRecord._field_defaults["machine_id"] == "" and ProcessRecord._fields[:2] == (
        "pid",
        "process_start",
    )
    assert pickle.loads(pickle.dumps(record)) == record and type(record).__doc__ == ProcessRecord.__doc__
    assert ProcessRecord.from_dict({"pid": True, "boot_id": "b"}) == ProcessRecord(boot_id="b")
    assert repr(record).startswith("ProcessRecord(pid=5, ")


def test_public_names_load_the_standard_library_only() -> None:
    loaded = _loaded(
        "import runicorn; [getattr(runicorn, name) for name in set(runicorn.__all__) - set(runicorn._PROVIDED)]"
    )
    assert loaded <= sys.stdlib_module_names | {"runicorn"} and not loaded & HEAVY


def test_every_public_name_is_there() -> None:
    assert sorted(rn.__all__) == dir(rn)
    for name in rn.__all__:
        assert getattr(rn, name) is getattr(rn, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'runicorn' has no attribute 'nothing'"):
        rn.nothing  # noqa: B018


def test_what_type_checkers_see_is_what_is_loaded() -> None:
    tree = ast.parse((PROJECT / "runicorn" / "__init__.py").read_text(encoding="utf-8"))
    guard = next(node for node in tree.body if isinstance(node, ast.If))
    homes = {
        alias.name: node.module
        for node in guard.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("runicorn")
        for alias in node.names
    }
    from runicorn import _HOMES, _PROVIDED

    assert homes == {name: f"runicorn.{home}" for home, names in _HOMES.items() for name in names}
    assert set(rn.__all__) == {*homes, *_PROVIDED, "__version__"}


def test_module_functions_are_not_hidden_by_modules_of_the_same_name(tmp_path: Path) -> None:
    text = (
        "import runicorn as rn\nrun = rn.init()\nimport runicorn.tracking.run, runicorn.tracking.config, runicorn.tracking.summary\n"
        "assert all(callable(getattr(rn, n)) for n in rn.__all__ if n != '__version__'), rn.summary"
    )
    environment = {"RUNICORN_MODE": "disabled", "PYTHONPATH": str(PROJECT), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", text], env=environment, cwd=tmp_path, check=True)

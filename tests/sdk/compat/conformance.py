"""The public names of other trackers, and which of them our modules have.

`python -m tests.sdk.compat.conformance` writes docs/reference/compat.md from the installed libraries;
`python -m tests.sdk.compat.conformance names` prints their names as JSON, in a process of its own since they start threads.
"""

from __future__ import annotations

import dis
import json
import subprocess
import sys
from importlib import import_module
from typing import Any

from runicorn.compat.empty_modules import _EmptyModule
from runicorn.compat.unknown import is_unknown
from tests.processes import PROJECT

PAGE = PROJECT / "docs" / "reference" / "compat.md"
INTERFACES = {
    "wandb": ("wandb", "runicorn.compat.wandb", ""),
    "wandb.Run": ("wandb", "runicorn.compat.wandb", "Run"),
    "wandb.Artifact": ("wandb", "runicorn.compat.wandb", "Artifact"),
    "wandb.Table": ("wandb", "runicorn.compat.wandb", "Table"),
    "wandb.Config": ("wandb", "runicorn.compat.wandb", "Config"),
    "wandb.Api": ("wandb", "runicorn.compat.wandb", "Api"),
    "trackio": ("trackio", "runicorn.compat.trackio", ""),
    "trackio.Run": ("trackio", "runicorn.compat.trackio", "Run"),
    "SummaryWriter": ("tensorboardX", "runicorn.compat.tensorboard", "SummaryWriter"),
    "mlflow": ("mlflow", "runicorn.compat.mlflow", ""),
}
"""Interfaces: the module, our module, and the class in both, or "" for the module itself."""
ALSO = {
    "wandb": [
        "AlertLevel",
        "Artifact",
        "Error",
        "Settings",
        "alert",
        "finish",
        "link_artifact",
        "log_code",
        "login",
        "mark_preempting",
        "plot",
        "require",
        "restore",
        "run",
        "sdk",
        "teardown",
        "termlog",
        "termwarn",
        "util",
    ]
}
"""Documented names that are not in `__all__`."""
HEAD = """# Calls of other trackers

Names of the interfaces that `runicorn run` replaces: see [Switch from another
tracker](../guides/switch.md). *Supported* names store what they are given, *accepted* names do
nothing, *missing* ones warn once: functions return `None`, or an object that does nothing if their
name promises a result (`get_…`, `evaluate`, `…_span`), as classes do. Attributes that a run has
only while it is open count as supported. Written by `python -m tests.sdk.compat.conformance`.
"""


def real_names() -> dict[str, dict[str, Any]]:
    """Return version and public names of each interface, as the installed libraries have them."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.sdk.compat.conformance", "names"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(process.stdout.splitlines()[-1])


def _names() -> dict[str, dict[str, Any]]:
    surface = {}
    for interface, (library, _, kind) in INTERFACES.items():
        module = import_module(library)
        place = getattr(module, kind) if kind else module
        public = dir(place) if kind else [*module.__all__, *ALSO.get(library, ())]
        names = sorted({name for name in public if not name.startswith("_")})
        surface[interface] = {"library": library, "version": module.__version__, "names": names}
    return surface


def state_of(interface: str, name: str) -> str:
    """Return whether our module supports a name: "supported", "accepted" or "missing"."""
    _, ours, kind = INTERFACES[interface]
    place: Any = import_module(ours)
    if kind:
        place = getattr(place, kind)
        # Attributes that are set in `__init__` are annotated there, and not in the class.
        member = getattr(place, name, None)
        if member is None and name not in _set_in_init(place) and name not in vars(place):
            return "missing"
    else:
        member = getattr(place, name)
    if is_unknown(member) or (isinstance(member, _EmptyModule) and name != "sdk"):
        return "missing"
    return "accepted" if callable(member) and getattr(member, "is_accepted", False) else "supported"


def _set_in_init(place: Any) -> set[str]:
    return {
        instruction.argval
        for kind in place.__mro__
        if hasattr(vars(kind).get("__init__"), "__code__")
        for instruction in dis.get_instructions(kind.__init__)
        if instruction.opname == "STORE_ATTR"
    }


def text_of(interfaces: dict[str, dict[str, Any]]) -> str:
    """Return the page for interfaces with `library`, `version` and `names`."""
    lines = [HEAD, "| interface | version | supported | accepted | missing |", "|---|---|---|---|---|"]
    details = []
    for interface, about in interfaces.items():
        states: dict[str, list[str]] = {"supported": [], "accepted": [], "missing": []}
        for name in about["names"]:
            states[state_of(interface, name)].append(name)
        counts = " | ".join(str(len(names)) for names in states.values())
        lines.append(f"| `{interface}` | {about['library']} {about['version']} | {counts} |")
        details.append(f"\n## {interface}\n\n| state | names |\n|---|---|")
        details += [
            f"| {state} | {', '.join(f'`{name}`' for name in names)} |"
            for state, names in states.items()
            if names
        ]
    return "\n".join([*lines, *details]) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["names"]:
        sys.stdout.write(json.dumps(_names()) + "\n")
    else:
        PAGE.write_text(text_of(real_names()), encoding="utf-8")

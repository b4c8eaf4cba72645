"""The table of supported names in the documentation, compared with our modules and with the real libraries."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.sdk.compat.conformance import INTERFACES, PAGE, real_names, state_of, text_of
from tests.sdk.integrations.libraries import needs_library


def _documented() -> dict[str, dict[str, Any]]:
    text = PAGE.read_text(encoding="utf-8")
    versions = dict(re.findall(r"^\| `([\w.]+)` \| \w+ ([\d.]+) \|", text, re.MULTILINE))
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    sections = {part.partition("\n")[0]: re.findall(r"`(\w+)`", part) for part in parts}
    return {
        interface: {
            "library": INTERFACES[interface][0],
            "version": versions[interface],
            "names": sorted(names),
        }
        for interface, names in sections.items()
    }


def test_the_documented_states_are_those_of_our_modules() -> None:
    documented = _documented()
    assert documented.keys() == INTERFACES.keys()
    assert text_of(documented) == PAGE.read_text(encoding="utf-8")
    states = {state_of("wandb", name) for name in documented["wandb"]["names"]}
    assert states == {"supported", "accepted", "missing"}


@needs_library("wandb", "trackio", "mlflow", "tensorboardX")
@pytest.mark.torture
def test_every_name_of_the_real_libraries_is_documented() -> None:
    documented = _documented()
    for interface, real in real_names().items():
        expected = documented[interface]
        if real["version"] == expected["version"]:
            assert real["names"] == expected["names"], interface
        else:  # another version is installed: what most scripts use has not changed
            shared = set(real["names"]) & set(expected["names"])
            assert len(shared) >= 0.9 * len(expected["names"]), interface

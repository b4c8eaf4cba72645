"""Requirement of the server: the SDK in the same version."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Requirement(BuildHookInterface):
    """Add `runicorn-sdk` to the requirements."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Require the version, or the folder `sdk` where pip installs a checkout: `pip install .` then needs no index."""
        exact = f"runicorn-sdk=={self.metadata.version}"
        sdk = Path(self.root, "sdk")
        # pip sets the variable for builds. The wheels of `python -m build` are for other machines, and an editable
        # installation goes with `-e ./sdk`, which pip takes for another project than the same folder without `-e`.
        is_installed = version == "standard" and "PIP_BUILD_TRACKER" in os.environ and sdk.is_dir()
        build_data["dependencies"].append(f"runicorn-sdk @ {sdk.as_uri()}" if is_installed else exact)

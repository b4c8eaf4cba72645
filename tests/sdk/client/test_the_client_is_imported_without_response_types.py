"""Hundreds of response types would be a tenth of the time of a short command; only type checkers and the server need them."""

from __future__ import annotations

import json
import subprocess
import sys

MODULES = "import json, sys, runicorn.api.client; print(json.dumps(list(sys.modules)))"


def test_the_client_is_imported_without_response_types() -> None:
    process = subprocess.run([sys.executable, "-c", MODULES], capture_output=True, check=True)
    assert [name for name in json.loads(process.stdout) if name.startswith("runicorn.api.responses")] == []

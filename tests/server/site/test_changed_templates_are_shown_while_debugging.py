from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT, environment

SCRIPT = """
import pathlib, sys, django
django.setup()
from django.template import engines
folder = pathlib.Path(sys.argv[1])
engines["django"].engine.dirs.insert(0, folder)
for text in ("before", "after"):
    (folder / "changed.html").write_text(text)
    print(engines["django"].get_template("changed.html").render())
# Those of the apps, such as the admin's, are found in both.
print(engines["django"].get_template("admin/base.html").origin.name != "")
"""


@pytest.mark.parametrize(("debug", "second"), [("1", "after"), ("0", "before")])
def test_a_changed_template_is_read_again_only_while_debugging(
    tmp_path: Path, debug: str, second: str
) -> None:
    surroundings = environment(
        tmp_path, RUNICORN_DEBUG=debug, DJANGO_SETTINGS_MODULE="runicorn_site.settings"
    )
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    result = subprocess.run(
        command, env=surroundings, cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["before", second, "True"]

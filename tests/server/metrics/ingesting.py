"""Processes that ingest journals, to be killed or to compete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

from django.db import connection

from runs.models import Run
from tests.processes import PROJECT, environment

SCRIPT = """
import sys
import django

django.setup()
from metrics.ingest import intake, source
from metrics.ingest.catch_up import catch_up
from metrics.store import pyramid
from runs.models import Run
from tests.server.metrics.pyramids import SMALL

pyramid.SHAPE, source.BLOCK, intake.GROUP_BYTES = SMALL, 700, 2000
run = Run.objects.select_related("root").get(pk=int(sys.argv[1]))
print("begun", flush=True)
while catch_up(run, wait=60):
    pass
"""


def database_url() -> str:
    """Where another process finds the rows of this test."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite://{settings['NAME']}"
    return f"postgresql://{settings['USER']}@/{settings['NAME']}?{urlencode(settings['OPTIONS'])}"


def start(run: Run, home: Path) -> subprocess.Popen[str]:
    """Take the run's journal in, in a process of its own, in small pieces; it has begun."""
    own = {"RUNICORN_DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "runicorn_site.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(run.pk)],
        env=environment(home, **own),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == "begun\n"
    return process

"""Libraries that few requests need are loaded by the first of them, not by every start of a viewer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.processes import PROJECT, environment

LOADED_LATER = {
    "numpy": "points of metrics",
    "django.test": "drf-spectacular, for the description of the API",
    "drf_spectacular.openapi": "the description of the API",
    "tomllib": "wheels of a checkout for remote hosts",
    "markdown_it": "descriptions of runs and projects",
    "prometheus_client": "/metrics",
    "psutil": "the page about the machine",
    "tarfile": "archives",
    "metrics.query.distribution.answer": "curves of groups",
    "runicorn_site.documents.blocks": "documents",
    "runicorn_site.page_file.document": "pages of runs as files",
    "runicorn_tools.fsck": "the check of the store",
    "runs.services.receive": "runs of other machines",
    "runicorn_importers.watching.watch": "another process, which watches folders",
    "runicorn_tools.sync.mirror": "mirrors of remote stores",
}
PROGRAM = """
import sys
import django

django.setup()
from django.urls import get_resolver
import runicorn_site.server.application, runicorn_site.server.runner, runicorn_site.server.worker

get_resolver().check()
print(*sys.modules)
"""


def test_a_start_loads_no_library_of_rare_requests(tmp_path: Path) -> None:
    settings = environment(tmp_path, DJANGO_SETTINGS_MODULE="runicorn_site.settings")
    command = [sys.executable, "-c", PROGRAM]
    process = subprocess.run(
        command, cwd=PROJECT, env=settings, stdout=subprocess.PIPE, text=True, check=True
    )
    assert LOADED_LATER.keys() & set(process.stdout.split()) == set()

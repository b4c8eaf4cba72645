"""`python -m tests.server.site.odd_viewer …`: `runicorn viewer …` with the addresses of `odd_urls`."""

from __future__ import annotations

import sys

from runicorn_site.import_path import make_importable
from runicorn_tools.cli import main

if __name__ == "__main__":
    make_importable()
    from django.conf import settings

    settings.ROOT_URLCONF = "tests.server.site.odd_urls"
    sys.argv.insert(1, "viewer")
    main()

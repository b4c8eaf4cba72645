"""Entry point for other ASGI servers: `uvicorn runicorn_site.asgi:application`."""

from __future__ import annotations

import django

django.setup(set_prefix=False)

from runicorn_site.server.hosted import Hosted  # noqa: E402

application = Hosted()

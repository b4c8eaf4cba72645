"""Entry point for other ASGI servers: `uvicorn runicorn_site.asgi:application`."""

from __future__ import annotations

import django

django.setup(set_prefix=False)

from runicorn_site.server.lifespan import LifespanApplication  # noqa: E402

application = LifespanApplication()

"""Verbs for runs, on a store without a viewer and on a viewer alike; they parse files by modules of the apps."""

from runicorn_site.cli.support.server import use_server

use_server()

"""`runicorn top`: a live table of runs in the terminal."""

from runicorn_site.cli.support.server import use_server

use_server()

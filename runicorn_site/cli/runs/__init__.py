"""Commands for runs of a store or a viewer; modules of the apps parse the files."""

from runicorn_site.cli.support.server import use_server

use_server()

"""Commands about files of other trackers."""

from __future__ import annotations

COMMANDS = {
    "convert": "runicorn_importers.cli.convert:convert",
    "import-from": "runicorn_importers.cli.import_from:import_from",
    "watch": "runicorn_importers.cli.watch:watch",
}
"""Name and function of each command (entry point `runicorn.commands`)."""

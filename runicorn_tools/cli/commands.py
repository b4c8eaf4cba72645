"""Commands of this package."""

from __future__ import annotations

COMMANDS = {
    "artifact": "runicorn_tools.cli.artifact:artifact",
    "artifacts": "runicorn_tools.cli.artifacts:artifacts",
    "clean": "runicorn_tools.cli.clean:clean",
    "config": "runicorn_tools.cli.config:config",
    "fsck": "runicorn_tools.cli.fsck:fsck",
    "generate-manifest": "runicorn_tools.cli.generate_manifest:generate_manifest",
    "import": "runicorn_tools.cli.import_:import_",
    "run": "runicorn_tools.cli.run:run",
}
"""Name and function of each command (entry point `runicorn.commands`)."""

"""The command line: `runicorn …`.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not permitted, 4 not available (port, path).
"""

from __future__ import annotations

import sys

import typer

from runicorn.cli.artifacts import artifacts
from runicorn.cli.asking import complain, reason
from runicorn.cli.clean import clean
from runicorn.cli.config import config
from runicorn.cli.demo import demo
from runicorn.cli.export_data import export_data
from runicorn.cli.exporting import export
from runicorn.cli.generate_manifest import generate_manifest
from runicorn.cli.import_from import import_from
from runicorn.cli.importing import import_
from runicorn.cli.manage import manage
from runicorn.cli.rate_limit import rate_limit
from runicorn.cli.sync import sync
from runicorn.cli.version import version
from runicorn.cli.viewer import viewer

app = typer.Typer(
    name="runicorn",
    help="A self-hosted, local-first experiment tracker.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
app.command()(viewer)
app.command()(config)
app.command()(export)
app.command("import")(import_)
app.command("import-from")(import_from)
app.command("export-data")(export_data)
app.command()(manage)
app.command()(demo)
app.command()(artifacts)
app.command()(clean)
app.command("rate-limit")(rate_limit)
app.command("generate-manifest")(generate_manifest)
app.command()(sync)
app.command()(version)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        app(prog_name="runicorn")
    except OSError as error:  # where a command did not look for one: stdout on a full disk
        sentence, code = reason(error)
        complain(sentence)
        sys.exit(code)

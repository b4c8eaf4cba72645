"""`runicorn convert`: rollouts that are pickles as JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runicorn_importers.samples.convert import convert as convert_folder
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE


def convert(
    folder: Annotated[Path, typer.Argument(help="A folder of --dump-details, with rollout_data in it.")],
    storage: Annotated[Path | None, typer.Option(help="Ignored; only the folder is changed.")] = None,
) -> None:
    """Write the rollouts of miles and slime as JSON lines beside their pickles, for import-from samples and watch.

    Loading a pickle runs code that is in it: convert only files of your own trainings, in the environment that has
    their torch.

    Examples:

      runicorn convert outputs/details
    """
    if not (folder / "rollout_data").is_dir():
        common.exit_with(f"{folder} has no folder rollout_data.", NOT_AVAILABLE)
    try:
        with common.exit_on_error():
            for path in convert_folder(folder):
                typer.echo(common.printable(str(path)))
    except ImportError as error:
        common.exit_with(f"{error.name} is not installed here: run this where you train.", FAILED)

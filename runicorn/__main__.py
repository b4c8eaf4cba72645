"""Entry point of `python -m runicorn` and of the command `runicorn`."""

from __future__ import annotations

import sys

from runicorn.extension_points import COMMAND_LINE, NotInstalled, load


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        full = load(COMMAND_LINE, "main")
    except NotInstalled:
        full = None
    # Outside of `except`, which would add its exception to the traceback of a script.
    if full is not None:
        full()
        return
    from runicorn.cli import main as own

    sys.exit(own(sys.argv[1:]))


if __name__ == "__main__":
    main()

"""Entry point of `python -m runicorn` and of the command `runicorn`."""

from __future__ import annotations

import sys

from runicorn.extension_points import COMMAND_LINE, NotInstalled, load


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        full = load(COMMAND_LINE, "main")
    except NotInstalled:
        from runicorn.cli import main as own

        sys.exit(own(sys.argv[1:]))
    full()


if __name__ == "__main__":
    main()

"""Entry point of `python -m runicorn.compat SCRIPT …`."""

from __future__ import annotations

import sys

from runicorn.compat.runner import main

if __name__ == "__main__":
    main(sys.argv[1:])

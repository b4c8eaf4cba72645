"""`python -m runicorn`: the same as the command `runicorn`."""

from __future__ import annotations

from runicorn.cli import main

if __name__ == "__main__":
    main()

"""Entry point of `python -m runicorn` and of the command `runicorn`."""

from __future__ import annotations

from runicorn.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()

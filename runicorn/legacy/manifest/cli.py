"""Manifest generation as in Runicorn 0.5: `python -m runicorn.manifest.cli --root /data/store`.

Same as `runicorn generate-manifest`, except that the root defaults to the working directory.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Generate a manifest from the command line and exit with its code."""
    from runicorn.__main__ import main as runicorn

    arguments = sys.argv[1:]
    has_root = any(word.split("=")[0] in {"--root", "--storage"} for word in arguments)
    sys.argv[1:] = ["generate-manifest", *arguments, *([] if has_root else ["--root", "."])]
    runicorn()


if __name__ == "__main__":
    main()

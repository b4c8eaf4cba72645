"""How timers made manifests with Runicorn 0.5: `python -m runicorn.manifest.cli --root /data/store`.

The same as `runicorn generate-manifest`, but for the root, which is the working directory when none is named.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Make a manifest as the arguments say, and exit with the code of the command."""
    from runicorn.cli import main as runicorn

    asked = sys.argv[1:]
    named = any(word.split("=")[0] in {"--root", "--storage"} for word in asked)
    sys.argv[1:] = ["generate-manifest", *asked, *([] if named else ["--root", "."])]
    runicorn()


if __name__ == "__main__":
    main()

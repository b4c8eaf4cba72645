"""The process that indexes many samples beside the server. It imports no Django.

Arguments: folder of the run, name of the sample set, folder of the index, part, parts.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from samples.store.index import SampleIndex


def main(arguments: list[str]) -> None:
    run_dir, name, folder, part, parts = arguments
    with suppress(OSError):  # the pages of the server come first
        os.nice(5)
    SampleIndex(Path(run_dir), name, Path(folder)).catch_up(None, int(part), int(parts))


if __name__ == "__main__":
    main(sys.argv[1:])

"""Archives in which trackers ship offline sessions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runicorn import regular_file
from runicorn_tools.archives.limits import configured
from runicorn_tools.archives.reader import members


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack an archive into a temporary folder, within the limits of imported archives; a folder is used as it is.

    Raises:
        runicorn_tools.archives.limits.ArchiveRefused: it is not an archive, is damaged, or exceeds a limit.
    """
    if path.is_dir():
        yield path
        return
    with (
        tempfile.TemporaryDirectory(prefix="runicorn-import-") as name,
        regular_file.open_binary(path) as file,
    ):
        folder = Path(name)
        for member in members(file, configured()._replace(folder=folder)):
            target = folder / member.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as content:
                content.writelines(member.blocks)
        yield folder

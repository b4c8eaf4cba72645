"""Upload handler that writes files of forms into the private folder of the store."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from runicorn.settings import free_space
from runicorn.store import curation
from runicorn_tools.archives.staging import SENT
from runs.active_root import active_root
from runs.services.write_through import one_file


def _named_file(folder: Path) -> Any:
    """Create a file that is deleted when it is closed; a hard link keeps its content."""
    return tempfile.NamedTemporaryFile(prefix=SENT, dir=folder)


class IntoTheStore(FileUploadHandler):
    """Upload handler; the disk of the store has space for archives, while `/tmp` may be in memory."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Start a file.

        Raises:
            ReadOnlyStore, NotWritten: nothing can be written into the store.
        """
        super().new_file(*args, **kwargs)
        with one_file():
            self.folder = curation.private_folder(Path(active_root().path))
            inner = _named_file(self.folder)
        self.file = UploadedFile(inner, self.file_name, self.content_type, 0, self.charset)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece."""
        with one_file():
            try:
                free_space.require(self.folder, len(raw_data))
                self.file.write(raw_data)
            except OSError:
                self.file.close()
                raise

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        with one_file():
            self.file.flush()
            self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        """Discard an incomplete file."""
        if hasattr(self, "file"):
            self.file.close()

"""Files in which earlier versions kept what is in the durable database now.

They are imported once and never changed. Those that Runicorn 0.5 reads are still written after each change, and imported
again if another version has changed them. An import and its row are one transaction: after a kill it is done as a whole,
or again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import DataError, connections
from django.db.models import Model, Q

from runicorn import _platform
from runicorn.settings.user import PRIVATE_FILE, config_directory
from runicorn_site.web.durable import DURABLE, changing
from runicorn_site.web.models import ImportedFile

OLDER_CONNECTIONS = "ssh_connections"
"""Key in `config.json` of connections that were in no file of their own."""
LARGEST = 64 * 1024 * 1024
KNOWN = 20
"""Contents of a file that are remembered."""
MALFORMED = (ValidationError, ValueError, TypeError, KeyError, AttributeError, DataError)
logger = logging.getLogger(__name__)


def import_once(path: Path, store: Callable[[bytes], None], *, is_written: bool = False) -> None:
    """Import a file, unless it or the same content was imported before; one that cannot be read waits for the next start.

    Args:
        store: adds rows; may raise ValidationError, ValueError, TypeError, KeyError or AttributeError for malformed content.
        is_written: whether this version still writes it: any other content is by another version.
    """
    try:
        content = _platform.read_regular(path, LARGEST, follow_links=True)
    except FileNotFoundError:
        return
    except OSError as error:
        logger.error("%s cannot be imported: %s", path, error)
        return
    of_place, digest = Q(place=place_of(path)), hashlib.sha256(content).hexdigest()
    same_import = of_place & Q(digest=digest) if is_written else of_place | Q(digest=digest)
    try:
        with changing():
            if ImportedFile.objects.filter(same_import).exists():
                return
            store(content)
            _note(path, digest)
    except MALFORMED as error:
        logger.error("%s is damaged and was not imported: %s. Repair it and start again", path, error)
        return
    except OSError as error:  # the key that encrypts its secrets
        logger.error("%s cannot be imported: %s", path, error)
        return
    logger.warning("%s is imported%s", path, "" if is_written else " and unused from now on")


class WrittenFile:
    """A file that Runicorn 0.5 reads, written after each change.

    Args:
        name: of the file in the configuration directory.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def path(self) -> Path:
        """The file.

        Raises:
            OSError: the configuration directory cannot be made.
        """
        return config_directory() / self.name

    @contextmanager
    def changing(self) -> Iterator[Callable[[object], None]]:
        """Yield a function that takes the new content as JSON, within a transaction; write the file after it.

        A file that was not imported, because it is damaged, is renamed.
        """
        drafts: list[bytes] = []

        def draft(content: object) -> None:
            drafts.append(json.dumps(content, indent=2, ensure_ascii=False).encode("utf-8", "replace"))
            # Before the file is written: after a kill in between it is known to be an older one of ours.
            _note(self.path, hashlib.sha256(drafts[-1]).hexdigest())

        with _platform.file_lock(self.path.with_name(f".{self.name}.lock")):
            with changing():
                yield draft
            if drafts:
                self._write(drafts[-1])

    def _write(self, content: bytes) -> None:
        try:
            self._put_unknown_aside()
            _platform.replace_file(Path(os.path.realpath(self.path)), content, PRIVATE_FILE)
        except OSError as error:  # what was changed is in the database
            logger.error("%s cannot be written for other versions: %s", self.path, error)

    def _put_unknown_aside(self) -> None:
        try:
            digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        except FileNotFoundError:
            return
        if not ImportedFile.objects.filter(place=place_of(self.path), digest=digest).exists():
            aside = self.path.with_name(f"{self.name}.damaged-{int(time.time())}")
            os.replace(self.path, aside)
            logger.warning("%s could not be imported and is now %s", self.path, aside)


def _note(path: Path, digest: str) -> None:
    place = place_of(path)
    ImportedFile.objects.update_or_create(place=place, digest=digest, defaults={"at": time.time()})
    imports = ImportedFile.objects.filter(place=place).order_by("-at", "-pk")
    ImportedFile.objects.filter(pk__in=[row.pk for row in imports[KNOWN:]]).delete()


def begin_after(model: type[Model], key: int) -> None:
    """Give new rows larger keys than this one, which an earlier version used."""
    connection, table = connections[DURABLE], model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, max(1, key)])
        else:  # a table that never had a row has no sequence
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence(name, seq) VALUES (%s, %s)", [table, key])


def place_of(path: Path) -> str:
    return f"{_platform.machine_id()}:{path}"

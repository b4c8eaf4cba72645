"""Files in which earlier versions kept what is in the durable database now: imported once, never changed.

An import and its row are one transaction: after a kill it is done as a whole, or again.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from django.db.models import Q

from runicorn import _platform
from runicorn_site.web.durable import changing
from runicorn_site.web.models import ImportedFile

LARGEST = 64 * 1024 * 1024
logger = logging.getLogger(__name__)


def import_once(path: Path, store: Callable[[bytes], None]) -> None:
    """Import a file, unless it or the same content was imported before; one that cannot be read waits for the next start.

    Args:
        store: adds rows; may raise ValueError, TypeError, KeyError or AttributeError for malformed content.
    """
    try:
        content = _platform.read_regular(path, LARGEST, follow_links=True)
    except FileNotFoundError:
        return
    except OSError as error:
        logger.error("%s cannot be imported: %s", path, error)
        return
    digest = hashlib.sha256(content).hexdigest()
    try:
        with changing():
            if ImportedFile.objects.filter(Q(place=place_of(path)) | Q(digest=digest)).exists():
                return
            store(content)
            ImportedFile.objects.create(place=place_of(path), digest=digest, at=time.time())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        logger.error("%s is damaged and was not imported: %s. Repair it and start again", path, error)
        return
    logger.warning("%s is imported; the file is not used any more", path)


def place_of(path: Path) -> str:
    return f"{_platform.machine_id()}:{path}"

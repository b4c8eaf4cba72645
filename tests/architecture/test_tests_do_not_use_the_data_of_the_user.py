from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings


def test_the_settings_were_read_after_the_users_folders_were_changed() -> None:
    assert Path(settings.STATE_DIR).is_relative_to(tempfile.gettempdir())

"""Contents of answers."""

from __future__ import annotations

import json
from typing import Any


def read(answer: Any) -> Any:
    """The JSON of an answer, streamed or not."""
    assert answer.status_code == 200, answer.content
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return json.loads(content)

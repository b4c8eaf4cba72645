"""`wandb.util`: the functions that scripts use."""

from __future__ import annotations

import json
import random
import string
import sys
from typing import Any

from runicorn.compat.empty_modules import resolve
from runicorn.store.values import described


def generate_id(length: int = 8) -> str:
    """Return a random id of lower-case letters and digits."""
    return "".join(random.SystemRandom().choices(string.ascii_lowercase + string.digits, k=length))


def json_friendly(value: Any) -> tuple[Any, bool]:
    """Return a value as JSON, and whether it was converted."""
    plain = described(value)
    return plain, plain is not value


def json_dumps_safer(obj: Any, **options: Any) -> str:
    """Return a value as JSON text; what JSON cannot represent is described."""
    return json.dumps(described(obj), **options)


def get_module(name: str, required: Any = None, lazy: bool = True) -> Any:
    """Import a module; None if it is not installed and not required.

    Raises:
        ModuleNotFoundError: it is required and not installed; `required` is the message.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError:
        if required:
            raise ModuleNotFoundError(str(required)) from None
        return None


def __getattr__(name: str) -> Any:
    return resolve("wandb.util", sys.modules["runicorn.compat.wandb"], name)

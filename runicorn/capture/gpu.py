"""GPUs of this machine, from `nvidia-smi`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from runicorn.capture.subprocesses import Commands

TIMEOUT = 5.0
"""Timeout in seconds; with a broken driver the program hangs."""


def query(commands: Commands, fields: Sequence[str], timeout: float = TIMEOUT) -> list[dict[str, str]] | None:
    """Return the fields of each GPU as text, by their names in `nvidia-smi --help-query-gpu`.

    None without the program, without a driver, or after the timeout.
    """
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    answer = commands.output(command, timeout=timeout)
    if answer is None or not answer.whole:
        return None
    return parse(answer.text, fields)


def parse(text: str, fields: Sequence[str]) -> list[dict[str, str]]:
    """Return the fields of each GPU as text, from the CSV of `nvidia-smi` without header and units."""
    rows = ([cell.strip() for cell in line.split(",")] for line in text.splitlines())
    return [dict(zip(fields, row)) for row in rows if len(row) == len(fields)]


def number(text: str) -> float | None:
    """Parse a number; None for `[N/A]`, `[Not Supported]` and the like."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def visible(cards: Sequence[dict[str, str]], environment: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the GPUs visible through `CUDA_VISIBLE_DEVICES`; each has `index` and `uuid`.

    As the driver reads it: numbers or prefixes of ids, up to the first unknown one.
    """
    setting = environment.get("CUDA_VISIBLE_DEVICES")
    if setting is None:
        return list(cards)
    visible_cards = []
    for name in filter(None, (part.strip() for part in setting.split(","))):
        matches = [card for card in cards if name == card["index"] or _is_id_of(name, card["uuid"])]
        if not matches:
            break
        visible_cards += [card for card in matches if card not in visible_cards]
    return visible_cards


def _is_id_of(name: str, uuid: str) -> bool:
    return name.startswith("GPU-") and uuid.startswith(name)

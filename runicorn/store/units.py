"""Human-readable units."""

from __future__ import annotations

UNITS = ("B", "kB", "MB", "GB", "TB")


def number_of(count: int, noun: str) -> str:
    """Return a count with its noun: "1 run", "1,234 runs"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_bytes(count: int) -> str:
    """Format bytes in powers of a thousand with one decimal: "1.5 MB"."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 else f"{value:.1f} {UNITS[unit]}"

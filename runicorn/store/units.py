"""Human-readable units."""

from __future__ import annotations

UNITS = ("B", "kB", "MB", "GB", "TB")


def format_bytes(count: int) -> str:
    """Format bytes in powers of a thousand with one decimal: "1.5 MB"."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 else f"{value:.1f} {UNITS[unit]}"

"""Versions of SQLite with the WAL-reset bug (https://sqlite.org/wal.html#walresetbug).

Two connections that checkpoint while a third one commits can lose pages. It is in 3.7.0 to 3.51.2, and was fixed in
3.51.3 and in the maintenance releases 3.50.7 and 3.44.6.
"""

from __future__ import annotations

FIRST = (3, 7, 0)
FIXED = (3, 51, 3)
BACKPORTS = ((3, 44, 6), (3, 50, 7))

Version = tuple[int, int, int]


def has_wal_reset_bug(version: Version) -> bool:
    if not FIRST <= version < FIXED:
        return False
    return not any(fix <= version and version[:2] == fix[:2] for fix in BACKPORTS)


def advice(version: Version) -> str:
    """Return advice for users of a SQLite version, or ""."""
    if not has_wal_reset_bug(version):
        return ""
    return (
        f"SQLite {'.'.join(map(str, version))} has the WAL-reset bug, fixed in 3.51.3. The viewer avoids it by"
        " checkpointing from one connection alone; write to its database with no other program."
    )

"""NumPy, imported when it is first used: a viewer without new points needs none of it, a tenth of its start and 18 MB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
else:

    class _NumPy:
        def __getattr__(self, name: str) -> Any:
            import numpy

            value = getattr(numpy, name)
            setattr(self, name, value)  # further accesses are those of an attribute
            return value

    np = _NumPy()


def load() -> None:
    """Import NumPy now."""
    import numpy  # noqa: F401


__all__ = ["load", "np"]

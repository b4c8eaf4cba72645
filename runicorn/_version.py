"""The version and the names of the distributions.

Versions begin at 1.0.0, after 0.5.4, the last release documented by the original project.
"""

__version__ = "1.0.0"

FULL, SDK = "runicorn-django", "runicorn-sdk"
"""Names on package indexes, where `runicorn` is another program."""

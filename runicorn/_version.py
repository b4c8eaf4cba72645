"""The version. It begins at 1.0.0, after 0.5.4, the last release documented by the original project."""

__version__ = "1.0.0"

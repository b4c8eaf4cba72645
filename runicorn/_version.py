"""The one home of the version; ours begins at 1.0.0, where the original's documentation ends at 0.5.4."""

__version__ = "1.0.0"

"""Runs started again: exact sources, the recorded environment, the same arguments and versions of artifacts."""

"""Runs of W&B that go on after the history of others."""

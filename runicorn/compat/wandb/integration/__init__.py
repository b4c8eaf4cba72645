"""Callbacks of W&B for other libraries; those without a module here are unknown."""

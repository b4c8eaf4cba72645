"""Callbacks of W&B for other libraries; those without a module here are unknown."""

from __future__ import annotations

from runicorn.compat.empty_modules import names_of

__getattr__ = names_of("wandb.integration", "runicorn.compat.wandb")

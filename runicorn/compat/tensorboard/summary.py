"""`torch.utils.tensorboard.summary`: summaries that only `SummaryWriter` could write are None."""

from __future__ import annotations

from typing import Any


def hparams(hparam_dict: Any = None, metric_dict: Any = None, hparam_domain_discrete: Any = None) -> Any:
    """Return three summaries for `FileWriter.add_summary`: hyperparameters, and two without content."""
    return {"hparams": dict(hparam_dict or {})}, None, None


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return lambda *arguments, **options: None

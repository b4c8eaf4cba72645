"""`wandb.watch`: histograms of the gradients and parameters of PyTorch modules."""

from __future__ import annotations

from typing import Any

from runicorn.compat.guard import guarded
from runicorn.compat.media import store_histogram

BINS = 64


class Watching:
    """Hooks on the gradients of modules, for a `wandb.Run`; every `log_freq`th gradient of a parameter is stored."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._hooks: list[Any] = []

    def add(self, models: Any, log: str | None, log_freq: int) -> None:
        """Watch modules.

        Args:
            models: a module, or a list of them.
            log: "gradients", "parameters", "all" or None.
            log_freq: how often, in gradients of a parameter.
        """
        if log is None:
            return
        many = models if isinstance(models, (list, tuple, set)) else [models]
        for number, model in enumerate(many):
            prefix = f"graph_{number}/" if number else ""
            for name, parameter in model.named_parameters():
                if parameter.requires_grad:
                    hook = _Hook(self._run, f"{prefix}{name}", parameter, log, max(1, log_freq))
                    self._hooks.append(parameter.register_hook(hook))

    def stop(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()


class _Hook:
    def __init__(self, run: Any, name: str, parameter: Any, log: str, every: int) -> None:
        self._run, self._name, self._parameter, self._log, self._every = run, name, parameter, log, every
        self._count = 0

    def __call__(self, gradient: Any) -> None:
        self._count += 1
        if self._count % self._every:
            return
        with guarded(f"wandb.watch of {self._name}"):
            if self._log in ("gradients", "all"):
                self._store(f"gradients/{self._name}", gradient)
            if self._log in ("parameters", "all"):
                self._store(f"parameters/{self._name}", self._parameter)

    def _store(self, key: str, values: Any) -> None:
        store_histogram(self._run._run, key, values, BINS, self._run.step)

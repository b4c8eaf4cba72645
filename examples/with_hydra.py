"""Hydra: every job is a run with its composed config; the jobs of a multirun are a group.

pip install hydra-core scikit-learn; python examples/with_hydra.py --multirun alpha=0.001,0.1
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

import runicorn as rn

TRACKER = {"_target_": "runicorn.integrations.hydra.RunicornCallback", "project": "digits"}


@dataclass
class Settings:
    """The config; in a config file the callback is below `hydra: callbacks: runicorn:`, too."""

    epochs: int = 10
    alpha: float = 0.01
    hydra: Any = field(default_factory=lambda: {"callbacks": {"runicorn": TRACKER}})


ConfigStore.instance().store(name="settings", node=Settings)


@hydra.main(version_base=None, config_name="settings")
def main(settings: Settings) -> float:
    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images, labels, test_size=0.3, random_state=0)
    model = SGDClassifier(alpha=settings.alpha, random_state=0)
    for epoch in range(1, settings.epochs + 1):
        model.partial_fit(train_x, train_y, classes=range(10))
        rn.log({"val/accuracy": model.score(val_x, val_y)}, step=epoch)
    return float(model.score(val_x, val_y))


if __name__ == "__main__":
    main()

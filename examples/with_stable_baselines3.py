"""Stable-Baselines3: rewards and losses of an agent that learns to balance a pole.

pip install stable-baselines3; python examples/with_stable_baselines3.py
"""

from __future__ import annotations

import argparse

from stable_baselines3 import PPO

from runicorn.integrations.stable_baselines3 import RunicornCallback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20, help="rollouts of 256 steps")
    options = parser.parse_args()

    model = PPO("MlpPolicy", "CartPole-v1", n_steps=256, device="cpu", seed=0)
    tracker = RunicornCallback(project="digits", name="stable-baselines3", tags=["example"])
    model.learn(256 * options.epochs, callback=tracker)


if __name__ == "__main__":
    main()

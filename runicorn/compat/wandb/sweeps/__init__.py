"""Sweeps of W&B, which run on this machine: `wandb.sweep`, `wandb.agent`."""

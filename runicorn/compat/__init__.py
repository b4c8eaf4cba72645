"""Modules of other trackers that log here: `wandb`, `trackio`, `mlflow` and TensorBoard's `SummaryWriter`.

`runicorn run train.py` serves them under their own names, so that a script stays unchanged; `import runicorn.compat.wandb
as wandb` does the same for one import.
"""

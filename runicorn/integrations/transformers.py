"""A callback for the Hugging Face Trainer: `Trainer(…, callbacks=[RunicornCallback(project="text")])`.

Importing this module also makes `TrainingArguments(report_to="runicorn")` valid.
"""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from runicorn.integrations.tracking import Tracking
from runicorn.store.layout import fit_name
from runicorn.tracking.run import Run

PREFIXES = ("eval_", "test_")
# Logged once, at the end: not curves.
TOTALS = ("train_runtime", "train_samples_per_second", "train_steps_per_second", "train_loss", "total_flos")


class RunicornCallback(TrainerCallback):
    """Log what the Trainer logs: `loss` as `train/loss`, `eval_loss` as `eval/loss`; totals go into the summary.

    The step is the Trainer's. Only the first process of a distributed training writes.
    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        """Log to `run`, else the active run, else a run created by `runicorn.init(**options)` for the training.

        Raises:
            TypeError: both a run and options were given.
        """
        self._tracking = Tracking(run, options)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        """Begin the run, with the arguments that are set (and those of a hyperparameter search) in the config."""
        if state.is_world_process_zero:
            arguments = {key: value for key, value in args.to_dict().items() if value is not None}
            self._tracking.begin({**arguments, **(state.trial_params or {}), "total_steps": state.max_steps})

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Log metrics; those logged outside of a training belong to the run of the previous training."""
        if state.is_world_process_zero and logs:
            judged = not self._tracking.training
            if judged:
                self._tracking.begin_again()
            self._tracking.summary({key: value for key, value in logs.items() if key in TOTALS})
            metrics = {_metric_name(key): value for key, value in logs.items() if key not in TOTALS}
            self._tracking.log(metrics, state.global_step)
            if judged:
                self._tracking.end()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        self._tracking.end()


class ReportToRunicorn(RunicornCallback):
    """Callback of `report_to="runicorn"`: logs to the active run, else to one named after the training arguments."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **more: Any
    ) -> None:
        """Begin the run with `args.project` and `args.run_name`."""
        project, name = getattr(args, "project", None) or "huggingface", args.run_name
        self._tracking.suggest(project=fit_name(project), name=fit_name(name) if name else None)
        super().on_train_begin(args, state, control, **more)


INTEGRATION_TO_CALLBACK["runicorn"] = ReportToRunicorn


def _metric_name(key: str) -> str:
    if key == "epoch":
        return key
    for prefix in PREFIXES:
        if key.startswith(prefix):
            return f"{prefix[:-1]}/{key.removeprefix(prefix)}"
    return f"train/{key}"

"""`wandb.init`: a run of ours for the arguments of W&B."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runicorn.compat.also.opening import open_mirror
from runicorn.compat.config_view import ConfigView, as_mapping
from runicorn.compat.wandb.errors import UsageError
from runicorn.compat.wandb.settings import complete, to_dict
from runicorn.compat.wandb.sweeps.current import current_trial
from runicorn.compat.wandb.tracked_run import Run
from runicorn.settings import user
from runicorn.store import find, layout
from runicorn.tracking.init import init

if TYPE_CHECKING:
    from runicorn.compat.wandb.sweeps.trials import Trial

OWN = "wandb"
"""Prefix of the config values that W&B has as fields of a run: entity, job type, id."""
PROJECT = "uncategorized"
RESUMES = (True, "allow", "must", "auto", "True", "true", "1")


def start(arguments: dict[str, Any], settings: Any) -> Run:
    """Begin a run.

    Args:
        arguments: those of `wandb.init`.
        settings: its `settings`.

    Raises:
        UsageError: `resume` is "must" and there is no such run, or "never" and there is one.
    """
    given = complete(arguments, settings)
    trial = current_trial() if given["mode"] != "disabled" else None
    if trial is not None:
        _apply_trial(given, trial)
    project = layout.fit_name(str(given["project"] or PROJECT), PROJECT)
    name = layout.fit_name(str(given["name"] or layout.DEFAULT), layout.DEFAULT)
    wanted = given["id"] and str(given["id"])
    place = _existing(project, wanted) if wanted and given["mode"] != "disabled" else None
    if given["resume"] == "must" and place is None:
        raise UsageError(f"resume='must', but there is no run {wanted} in the project {project}")
    if given["resume"] == "never" and place is not None:
        raise UsageError(f"resume='never', but the run {wanted} exists in the project {project}")
    resumed = place is not None and given["resume"] in RESUMES
    where: dict[str, Any] = {"project": project, "name": name}
    if resumed and place is not None:
        where = {"project": place.parts[0], "name": place.parts[1], "run_id": place.name, "resume": True}
    fields = {"entity": given["entity"], "job_type": given["job_type"], "id": wanted}
    if trial is not None:
        fields["sweep"] = trial.sweep.id
    own = {f"{OWN}.{key}": value for key, value in fields.items() if value}
    config = _config(given)
    locked = trial.config if trial is not None else {}
    config |= locked
    run = init(
        **where,
        config={**config, **own} or None,
        tags=given["tags"],
        notes=given["notes"],
        group=given["group"],
        mode="disabled" if given["mode"] == "disabled" else None,
        capture_console=given["console"] != "off",
    )
    stored = {key: value for key, value in run.config.items() if not key.startswith(f"{OWN}.")}
    also = open_mirror("wandb") if given["mode"] != "disabled" else None
    if also is not None:
        also(
            "init",
            **{key: value for key, value in arguments.items() if value is not None},
            **_settings(settings),
        )
    view = ConfigView(run, {**(stored if resumed else {}), **config}, also)
    view.lock(locked)
    started = Run(run, view, given, resumed=resumed, also=also)
    if trial is not None:
        trial.run_id = run.id
        trial.save()
        started.join_sweep(trial)
    return started


def _apply_trial(given: dict[str, Any], trial: Trial) -> None:
    """Place a run of a sweep where its sweep is, unless the script names another place."""
    about = trial.sweep
    given["project"] = about.project or given["project"]
    given["group"] = given["group"] or about.id
    given["name"] = given["name"] or about.definition.name or f"sweep-{about.id}"


def _settings(settings: Any) -> dict[str, Any]:
    return {} if settings is None else {"settings": to_dict(settings)}


def _existing(project: str, run_id: str) -> Path | None:
    """Return the folder of the newest run with an id of W&B, relative to the root."""
    root = user.storage_root(None)
    for folder in sorted((root / project).glob("*/runs/*"), key=lambda path: path.name, reverse=True):
        config, _ = layout.read_json(folder / layout.CONFIG)
        if (folder.name == run_id or config.get(f"{OWN}.id") == run_id) and find.is_run(folder):
            relative = folder.relative_to(root)
            return Path(relative.parts[0], relative.parts[1], folder.name)
    return None


def _config(given: Mapping[str, Any]) -> dict[str, Any]:
    config = given["config"]
    if isinstance(config, str | os.PathLike):
        config = _read_config(Path(config))
    values = as_mapping(config) if config is not None else {}
    only, without = given.get("config_include_keys"), given.get("config_exclude_keys") or ()
    return {key: value for key, value in values.items() if (not only or key in only) and key not in without}


def _read_config(path: Path) -> dict[str, Any]:
    """Read a JSON or YAML file; W&B nests each value below `value`."""
    text = path.read_text(encoding="utf-8")
    try:
        values = json.loads(text)
    except ValueError:
        import yaml

        values = yaml.safe_load(text)
    return {
        key: value["value"] if isinstance(value, dict) and "value" in value else value
        for key, value in (values or {}).items()
        if not key.startswith("wandb_")
    }

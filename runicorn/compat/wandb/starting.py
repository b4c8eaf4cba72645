"""`wandb.init`: a run of ours for the arguments of W&B."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runicorn.compat.config_view import ConfigView, as_mapping
from runicorn.compat.forwarding.opening import open_mirror
from runicorn.compat.labels import set_labels
from runicorn.compat.unknown import warn_once
from runicorn.compat.wandb.branching import Branch, history_of, parse
from runicorn.compat.wandb.errors import ConfigError, UsageError
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
        UsageError: `resume` is "must" and there is no such run, or "never" and there is one; or the run of `fork_from`
            or `resume_from` does not exist.
    """
    params = complete(arguments, settings)
    is_disabled = params["mode"] == "disabled"
    trial = None if is_disabled else current_trial()
    if trial is not None:
        _apply_trial(params, trial)
    project = layout.fit_name(str(params["project"] or PROJECT), PROJECT)
    name = layout.fit_name(str(params["name"] or layout.DEFAULT), layout.DEFAULT)
    run_id = params["id"] and str(params["id"])
    place = _existing(project, run_id) if run_id and not is_disabled else None
    is_worker = _is_worker(params, place)
    if is_worker:
        place, params["group"] = None, params["group"] or run_id
    _check_resume(params["resume"], project, run_id, place)
    branch = _branch(params, project)
    resumed = place is not None and params["resume"] in RESUMES and branch is None
    where: dict[str, Any] = {"project": project, "name": name}
    if resumed and place is not None:
        where = {"project": place.parts[0], "name": place.parts[1], "run_id": place.name, "resume": True}
    locked = trial.config if trial is not None else {}
    config = {**(branch.config() if branch is not None else {}), **_config(params), **locked}
    own = _own_fields(params, branch, trial, is_worker=is_worker)
    run = init(
        **where,
        config={**config, **own} or None,
        tags=params["tags"],
        notes=params["notes"],
        group=params["group"],
        # Otherwise only the first rank of a training writes.
        mode={"disabled": "disabled", "shared": "online"}.get(params["mode"] or ""),
        capture_console=params["console"] != "off",
    )
    if params["name"] and not resumed and name != str(params["name"]):
        set_labels(run, display_name=str(params["name"]))
    run_config = {key: value for key, value in run.config.items() if not key.startswith(f"{OWN}.")}
    also = None if is_disabled else open_mirror("wandb")
    if also is not None:
        passed = {key: value for key, value in arguments.items() if value is not None}
        also("init", **passed, **_settings(settings))
    view = ConfigView(run, {**(run_config if resumed else {}), **config}, also, _refusal(params))
    view.lock(locked)
    started = Run(run, view, params, resumed=resumed, also=also)
    _complete(started, params, branch, trial)
    return started


def _complete(started: Run, params: dict[str, Any], branch: Branch | None, trial: Trial | None) -> None:
    """Add to a begun run what it takes over from others."""
    run = started._run
    if params["mode"] == "shared" and not params["group"]:
        set_labels(run, group=started.id)
    if started.resumed:
        summary, _ = layout.read_json(run.run_dir / layout.SUMMARY)
        started.continue_after(history_of(run.run_dir), summary)
    elif branch is not None:
        started.continue_after(branch.copy_history(run), {}, branch.step + 1)
    if trial is not None:
        trial.run_id = run.id
        trial.save()
        started.join_sweep(trial)


def _own_fields(
    params: dict[str, Any], branch: Branch | None, trial: Trial | None, *, is_worker: bool
) -> dict[str, Any]:
    """Return the fields of W&B for the config; `resume_from` sets the id."""
    if branch is not None and params["resume_from"]:
        params["id"] = branch.run_id
    fields = {
        "entity": params["entity"],
        "job_type": params["job_type"],
        # The run of this id is that of the primary process.
        "shared_with" if is_worker else "id": params["id"] and str(params["id"]),
        "label": params["x_label"] if params["mode"] == "shared" else None,
        "sweep": trial.sweep.id if trial is not None else None,
    }
    if branch is not None:
        kind = "fork_from" if params["fork_from"] else "resume_from"
        fields[kind] = str(params[kind])
    return {f"{OWN}.{key}": value for key, value in fields.items() if value}


def _check_resume(resume: Any, project: str, run_id: Any, place: Path | None) -> None:
    if resume == "must" and place is None:
        raise UsageError(f"resume='must', but there is no run {run_id} in the project {project}")
    if resume == "never" and place is not None:
        raise UsageError(f"resume='never', but the run {run_id} exists in the project {project}")


def _settings(settings: Any) -> dict[str, Any]:
    return {} if settings is None else {"settings": to_dict(settings)}


def _branch(params: dict[str, Any], project: str) -> Branch | None:
    """Return the step of a stored run that `fork_from` or `resume_from` names.

    Raises:
        UsageError: there is no such run, or the arguments exclude each other.
    """
    names = [name for name in ("fork_from", "resume_from") if params.get(name)]
    if not names or params["mode"] == "disabled":
        return None
    if len(names) > 1 or params["resume"]:
        raise UsageError("fork_from, resume_from and resume exclude each other")
    (name,) = names
    run_id, step = parse(params[name], name)
    place = _existing(project, run_id)
    if place is None:
        raise UsageError(f"{name}: there is no run {run_id} in the project {project}")
    project, experiment, folder = place.parts
    return Branch(run_id, layout.run_folder(user.storage_root(None), project, experiment, folder), step)


def _is_worker(params: dict[str, Any], place: Path | None) -> bool:
    """Return whether this process only adds to the run of another one, which its id names."""
    if params["mode"] != "shared":
        return False
    text = "wandb.init: with mode='shared' each process writes a run of its own; they have the same group."
    warn_once("wandb.init shared", text)
    is_primary = params["x_primary"]
    return bool(params["id"]) and (not is_primary if is_primary is not None else place is not None)


def _refusal(params: dict[str, Any]) -> type[Exception] | None:
    """Return the error of a changed setting; None if settings may be changed, as always in notebooks."""
    return None if params.get("allow_val_change") or "ipykernel" in sys.modules else ConfigError


def _apply_trial(params: dict[str, Any], trial: Trial) -> None:
    """Place a run of a sweep where its sweep is, unless the script names another place."""
    about = trial.sweep
    params["project"] = about.project or params["project"]
    params["group"] = params["group"] or about.id
    params["name"] = params["name"] or about.definition.name or f"sweep-{about.id}"


def _existing(project: str, run_id: str) -> Path | None:
    """Return the folder of the newest run with an id of W&B, relative to the root."""
    root = user.storage_root(None)
    for folder in sorted((root / project).glob("*/runs/*"), key=lambda path: path.name, reverse=True):
        config, _ = layout.read_json(folder / layout.CONFIG)
        if (folder.name == run_id or config.get(f"{OWN}.id") == run_id) and find.is_run(folder):
            relative = folder.relative_to(root)
            return Path(relative.parts[0], relative.parts[1], folder.name)
    return None


def _config(params: Mapping[str, Any]) -> dict[str, Any]:
    config = params["config"]
    if isinstance(config, (str, os.PathLike)):
        config = _read_config(Path(config))
    values = as_mapping(config) if config is not None else {}
    only, without = params.get("config_include_keys"), params.get("config_exclude_keys") or ()
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

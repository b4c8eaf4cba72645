"""Replicas: runs that differ in nothing but their seed, recognized by a key.

Runs are replicas if they have the same configuration without seeds, output folders and names, the same program and
version of the code, and the same versions of artifacts as input. Host, absolute paths and names of runs do not count.
A `group` given by the training wins: its runs may differ in code, data and host, and runs of another group are never their
replicas. Runs of a group with different settings are a sweep, which has replicas for each of its settings.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.assets import settings_of
from runicorn.store.project import analysis

SEEDS = frozenset(
    {
        *("seed", "random_state", "random_seed", "rng_seed", "manual_seed", "global_seed", "seed_everything"),
        *("np_seed", "numpy_seed", "torch_seed", "data_seed", "env_seed"),
    }
)
"""Last parts of the keys of seeds."""
OUTPUTS = re.compile(
    r"(?:(?:out|output|save|saved|log|logs|logging|checkpoint|checkpoints|ckpt|ckpts|work|working|run|runs|"
    r"result|results|exp|experiment|tensorboard|tb|wandb|cache|tmp|temp|model_save|hydra)_?)"
    r"(?:dir|directory|path|folder|root|file|prefix)|out|outdir|logdir|savedir|workdir|rundir"
)
"""Last parts of the keys of places to which a run writes."""
NAMES = frozenset({"run_name", "run_id", "exp_name", "experiment_name", "exp_id", "wandb_name", "run_tag"})
TOP_NAMES = frozenset({"name", "id", "tag", "tags", "notes", "comment", "description", "group"})
"""Names of a run where they are not below another key: `model.name` is a setting."""
HOSTS = frozenset(
    {
        *("host", "hostname", "node", "nodename", "rank", "local_rank", "node_rank", "master_addr"),
        *("master_port", "port", "pid", "job_id", "slurm_job_id", "user", "username"),
    }
)
_PLACE = re.compile(r"(?:~|[A-Za-z]:)?[/\\]")
_SEED, _PLACE_OR_NAME, _SETTING = "seed", "place or name", "setting"
_SEPARATORS = re.compile(r"[-\s]+|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings of a project.

    Attributes:
        seed_keys: further config keys that do not count, whole or their last part.
        compare_packages: whether runs with different versions of packages are different.
    """

    seed_keys: frozenset[str] = frozenset()
    compare_packages: bool = False


DEFAULT = Rules()


def rules_of(root: str | Path, project: str) -> Rules:
    """Return the settings of a project."""
    # Most projects have none; resolving links is a tenth of reading a run.
    if not os.path.exists(os.path.join(root, project, analysis.FILE)):
        return DEFAULT
    try:
        changed = os.stat(analysis.path_of(Path(root), project)).st_mtime_ns
    except (OSError, ValueError):
        return DEFAULT
    return _rules_in(Path(root), project, changed)


@lru_cache(maxsize=256)
def _rules_in(root: Path, project: str, changed: int) -> Rules:
    content = analysis.read(root, project)
    return Rules(frozenset(content["seed_keys"]), content["compare_packages"])


def replica_key(
    config: Mapping[str, Any],
    *,
    group: str = "",
    environment: Mapping[str, Any] | None = None,
    sources: str = "",
    is_clean: bool = False,
    inputs: Iterable[Any] = (),
    rules: Rules = DEFAULT,
) -> str:
    """Return a text that the replicas of a run have in common, or "" for a run of which too little is known.

    Args:
        config: settings of the run, nested or by dotted key.
        group: its group, if its training named one.
        environment: content of `environment.json`.
        sources: identity in `sources.json`, which counts where no clean commit tells the version of the code.
        is_clean: whether the commit contains all of these sources as they are.
        inputs: entries of `artifacts_used.json`.
        rules: settings of the project.
    """
    if not config and not group:
        return ""
    settings = {key: _comparable(value) for key, value in _flat(config) if is_setting(key, rules)}
    about: list[Any] = [settings]
    if group:
        about.append(group)
    else:
        captured = environment or {}
        about += [_program(captured), _code(captured, sources, is_clean), sorted(map(_input, inputs))]
        if rules.compare_packages:
            about.append(sorted(map(str, captured.get("pip_packages") or ())))
    text = json.dumps(about, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def seed_of(config: Mapping[str, Any], rules: Rules = DEFAULT) -> Any:
    """Return the seed of a run; of several the values by key, and None without any."""
    seeds = {key: value for key, value in _flat(config) if _kind(key) == _SEED or _is_named(key, rules)}
    return next(iter(seeds.values())) if len(seeds) == 1 else seeds or None


def is_setting(key: str, rules: Rules = DEFAULT) -> bool:
    """Return whether a config key is neither a seed nor a place, host or name."""
    return _kind(key) == _SETTING and not _is_named(key, rules)


def key_of_folder(folder: Path, rules: Rules = DEFAULT) -> str:
    """Return the key of a run from the files of its folder; missing files count as empty."""
    return key_of_files(lambda name: layout.read_json(folder / name)[0], rules)


def key_of_files(read: Callable[[str], Mapping[str, Any]], rules: Rules = DEFAULT) -> str:
    """Return the key of a run.

    Args:
        read: returns the content of a file in the run's folder by its name.
    """
    group, sources = read(layout.META).get("group"), read(layout.SOURCES_FILE)
    identity = sources.get("identity")
    try:
        return replica_key(
            settings_of(read(layout.ASSETS)) | dict(read(layout.CONFIG)),
            group=group if isinstance(group, str) else "",
            environment=read(layout.ENVIRONMENT),
            sources=identity if isinstance(identity, str) else "",
            is_clean=sources.get("is_clean") is True,
            inputs=entries_in(read(layout.ARTIFACTS_USED)),
            rules=rules,
        )
    except RecursionError:  # JSON may be nested deeper than Python's stack
        return ""


def entries_in(used: Mapping[str, Any]) -> list[Any]:
    """Return the entries of the content of `artifacts_used.json`."""
    entries = used.get("artifacts")
    return entries if isinstance(entries, list) else []


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


# A store has many runs and few keys.
@lru_cache(maxsize=65_536)
def _kind(key: str) -> str:
    word = _SEPARATORS.sub("_", re.split(r"[./]", key)[-1]).lower()
    if word in SEEDS:
        return _SEED
    is_top_name = word in TOP_NAMES and not re.search(r"[./]", key)
    return _PLACE_OR_NAME if is_top_name or word in NAMES | HOSTS or OUTPUTS.fullmatch(word) else _SETTING


def _is_named(key: str, rules: Rules) -> bool:
    """Return whether the project names a key as that of a seed."""
    return bool(rules.seed_keys) and (key in rules.seed_keys or re.split(r"[./]", key)[-1] in rules.seed_keys)


def _comparable(value: Any) -> Any:
    """Return a value so that equal settings are equal: 1 as 1.0, and of an absolute path its last part only."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, str) and _PLACE.match(value):
        return re.split(r"[/\\]", value.rstrip("/\\"))[-1]
    if isinstance(value, (list, tuple)):
        return [_comparable(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _comparable(item) for key, item in value.items()}
    return value


def _program(environment: Mapping[str, Any]) -> str:
    """Return the file name of the script."""
    line = environment.get("command_line")
    return re.split(r"[/\\]", str(line[0]))[-1] if isinstance(line, list) and line else ""


def _code(environment: Mapping[str, Any], sources: str, is_clean: bool) -> list[Any]:
    """Return commit and uncommitted changes; the patch lacks untracked files, such as a script that is not added yet."""
    git = environment.get("git_info")
    if not isinstance(git, Mapping):
        return [sources]
    # Files that runs wrote are no sources, but they make a repository dirty.
    is_changed = git.get("has_changes") and (git.get("diff") or not is_clean)
    return [git.get("commit"), (sources or git.get("diff")) if is_changed else None]


def _input(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return ""
    return json.dumps([entry.get("type"), entry.get("name"), entry.get("version")], default=str)

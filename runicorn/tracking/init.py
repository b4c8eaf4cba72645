"""Creation of runs, and the active run of the process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from runicorn.alerts import forwarding
from runicorn.companion import start as companion
from runicorn.legacy.later_api import check_arguments, copy_code
from runicorn.settings import default_root, known_roots, user
from runicorn.store import descriptor_reserve, fork_lock, layout, leftovers
from runicorn.store.flatten import flatten
from runicorn.store.layout import DEFAULT
from runicorn.store.notices import say
from runicorn.store.process_identity import GRACE_SECONDS, ProcessRecord, is_alive, is_identified_here
from runicorn.store.values import text_of
from runicorn.tracking.exit import hooks
from runicorn.tracking.run import Run
from runicorn.tracking.switch import is_offline, is_silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from typing_extensions import Unpack

    from runicorn.legacy.init_arguments import Arguments
    from runicorn.upload.target import Target
else:
    from runicorn.named_tuple import NamedTuple


class Location(NamedTuple):
    """Place of a run: project, name, and the path that determines them if it was given."""

    project: str
    name: str
    path: str | None = None


class RunExists(ValueError):
    """The id given to a new run is in use."""


_latest: Run | None = None
_shown: set[tuple[int, str]] = set()
"""Processes and storage roots for which the command that shows them was printed; a fork is a process of its own."""


def init(
    project: str | None = DEFAULT,
    name: str | None = None,
    *,
    storage: str | os.PathLike[str] | None = None,
    run_id: str | None = None,
    capture_env: bool = True,
    config: Any = None,
    tags: str | Iterable[str] | None = None,
    capture_console: bool = False,
    resume: bool = False,
    notes: str | None = None,
    group: str | None = None,
    system_metrics: bool = True,
    mode: str | None = None,
    url: str | None = None,
    upload_timeout: float | None = None,
    path: str | None = None,
    sources: bool | None = None,
    reinit: str | None = None,
    **later: Unpack[Arguments],
) -> Run:
    """Begin a run and make it the active one; open runs stay open.

    Args:
        project, name: folders below the storage root, 1-100 characters each; "default" if not given.
        storage: the storage root; else `RUNICORN_DIR`, else the user's configuration, else `./.runicorn`.
        run_id: an id chosen by the caller, `YYYYMMDD_HHMMSS_xxxxxx`.
        capture_env, capture_console: record code, packages and machine without secrets; copy the output into the log.
        config: a dict, a namespace, a dataclass, an object of pydantic, attrs or OmegaConf; nested: `optim.lr`.
        resume: continue the run `run_id` if it exists, with its next step and its creation time.
        tags, notes, group: tags, free text, and the name of a set of runs, such as a sweep.
        system_metrics: log CPU, memory and GPU usage of the process every ten seconds, as `system/…`.
        mode: "disabled", "offline" (no upload) or "online" (also on ranks above 0); else `RUNICORN_MODE`.
        url: a server, `http://host:23300`, to upload the run to while it is written; "" for none. Else `RUNICORN_URL`.
        upload_timeout: maximum seconds to wait for the upload at the end; else `RUNICORN_UPLOAD_TIMEOUT`, else 30.
        sources: store the source files of the program with the run; else `RUNICORN_SOURCES`, else with `capture_env`.
        reinit: of the open run that a cell of a notebook began before: "finish" (usual), "return" it, or "create" another.
        path: instead of project and name, as in Runicorn 0.6 and 0.7: the run is stored in `<root>/runs/<path>`.

    Raises:
        InvalidName, InvalidRunId, RunExists: a name, path or run_id is invalid; run_id is in use without `resume`.
        TypeError, ValueError: config has no named parts; another argument is invalid, or does not go with the others.
    """
    place = _checked_place(project, name, path, run_id, resume)
    if (continued := _continued(place, reinit)) is not None:
        return continued
    labels, flat_config = _labels(tags, notes, group, later), {} if config is None else flatten(config)
    server = None if is_offline(mode) else _server(url, upload_timeout)
    with descriptor_reserve.released():
        root, unmounted = _root(storage)
        run, resumed = (_silent if is_silent(mode) else _claimed)(root, place, run_id, resume)
        run.alias = labels.get("alias")
        hooks.watch(run)
        run.begin(labels, flat_config, resumed, resumed and find_other_writer(run.run_dir) is not None)
        _publish(run, server)
        _complete(run, bool(user.chosen_root(storage)), unmounted, later)
        sources = capture_env and _keeps_sources(sources)
        run.accompany(capture_env, sources=sources, console=capture_console, samples=system_metrics)
    return run


def _may_have_cells() -> bool:
    return "IPython" in sys.modules or "marimo" in sys.modules


def _continued(place: Location, reinit: str | None) -> Run | None:
    """Return the run that the cell of a notebook continues; one that it does not continue is ended."""
    if reinit is None and not _may_have_cells():
        return None
    with fork_lock.lock():
        from runicorn.cells import kernel

    runs = [run for run in hooks.open_runs() if isinstance(run, Run)]
    earlier = kernel.earlier_run(runs, place.project, place.name, reinit)
    if earlier is not None and reinit != kernel.RETURN:
        kernel.end_earlier(earlier)
        return None
    return earlier


def _root(storage: str | os.PathLike[str] | None) -> tuple[Path, Path | None]:
    """Return the storage root, and the mount point that is missing below it."""
    root = user.storage_root(storage)
    return root, default_root.find_unmounted(root)


def _keeps_sources(sources: bool | None) -> bool:
    return user.is_on("RUNICORN_SOURCES") if sources is None else bool(sources)


def _is_stored(run: Run) -> bool:
    return not (run.is_silent or run.is_lost())


def _complete(run: Run, is_chosen: bool, unmounted: Path | None, later: Arguments) -> None:
    if not _is_stored(run):
        return
    leftovers.remove_old(run.run_dir.parent)
    default_root.warn_about(run.storage_root, is_default=not is_chosen, unmounted=unmounted)
    known_roots.remember(run.storage_root)
    if later.get("snapshot_code"):
        copy_code(run._folder, later.get("workspace_root"))


def _server(url: str | None, upload_timeout: float | None) -> Target | None:
    """Return the server to upload to, if the argument or the environment names one."""
    if not (user.get("RUNICORN_URL") if url is None else url):
        return None
    target: Target = descriptor_reserve.load("runicorn.upload.target").Target.of(url, upload_timeout)
    return target if target.url else None


def _publish(run: Run, server: Target | None) -> None:
    global _latest
    _latest = run
    if server is not None and _is_stored(run):
        with fork_lock.lock():
            from runicorn.upload.wait import RunningUpload

        run.server = server.url
        run.upload = RunningUpload.begin(
            run.storage_root, run.id, run.run_dir, server, f"{run.project}/{run.name}"
        )
    if _is_stored(run):
        companion.watch(run.run_dir)
    if _may_have_cells():
        with fork_lock.lock():
            from runicorn.cells.kernel import note_execution

        note_execution(run.id)
    announce(run)


def _checked_place(
    project: str | None, name: str | None, path: str | None, run_id: str | None, resume: bool
) -> Location:
    _check_id(run_id, resume)
    if path is None:
        return Location(
            layout.check_name(DEFAULT if project is None else project, "project"),
            layout.check_name(DEFAULT if name is None else name, "experiment name"),
        )
    if project not in (None, DEFAULT) or name not in (None, DEFAULT):
        raise ValueError("A path determines project and name: pass either the path or these.")
    checked = layout.check_path(path)
    return Location(*layout.names_of_path(checked), checked)


def get_active_run() -> Run | None:
    """Return the run that was begun last and has not ended; None without one."""
    open_runs = hooks.open_runs()
    run = open_runs[-1] if open_runs else None
    return run if isinstance(run, Run) else None


def _list_alert(text: str) -> None:
    run = get_active_run()
    if run is not None:
        run.alert(text, level="warn")


forwarding.listeners.append(_list_alert)


def current() -> Run:
    """Return the run that module-level functions use: the active one, else the last that ended.

    In a process started by `multiprocessing` that has no run, it is one that stores nothing, which is reported once.

    Raises:
        RuntimeError: no run was begun.
    """
    run = get_active_run() or _latest
    if run is None:
        run = _run_of_worker()
    if run is None:
        raise RuntimeError("No active run: call runicorn.init() first.")
    return run


def _run_of_worker() -> Run | None:
    global _latest
    multiprocessing = sys.modules.get("multiprocessing.process")  # always loaded in such a process
    if multiprocessing is None or multiprocessing.parent_process() is None:
        return None
    say(
        f"the process {multiprocessing.current_process().name} has no run, and what it logs is not stored: a spawned "
        "process does not share the run of its parent. Log in the parent, or call "
        "runicorn.init(run_id=..., resume=True) here with the id of that run."
    )
    _latest = _silent_run(user.storage_root(None), Location(DEFAULT, DEFAULT), layout.new_run_id())
    return _latest


def _check_id(run_id: str | None, resume: bool) -> None:
    if run_id is not None:
        layout.check_run_id(run_id)
    elif resume:
        raise ValueError("resume=True requires the run_id of the run to resume.")


def _labels(
    tags: str | Iterable[str] | None, notes: str | None, group: str | None, later: Arguments
) -> dict[str, Any]:
    check_arguments(later)
    words = (
        list(tags or ())
        if (tags is None or isinstance(tags, Iterable)) and not isinstance(tags, str)
        else [tags]
    )
    texts = {"notes": notes, "group": group, "alias": later.get("alias")}
    labels: dict[str, Any] = {key: text_of(value) for key, value in texts.items() if value is not None}
    if words:
        labels["tags"] = list(dict.fromkeys(map(text_of, words)))
    return labels


def _silent(root: Path, place: Location, run_id: str | None, resume: bool) -> tuple[Run, bool]:
    return _silent_run(root, place, run_id or layout.new_run_id()), False


def _silent_run(root: Path, place: Location, run_id: str) -> Run:
    silent: type[Run] = descriptor_reserve.load("runicorn.tracking.disabled").SilentRun
    return silent(root, place.project, place.name, run_id, place.path)


def _claimed(root: Path, place: Location, run_id: str | None, resume: bool) -> tuple[Run, bool]:
    """Return a run whose folder is created, and whether it existed before."""
    if run_id is not None:
        return _run_with_id(root, place, run_id, resume)
    while True:
        run = Run(root, place.project, place.name, layout.new_run_id(), place.path)
        if run.claim():
            return run, False


def _run_with_id(root: Path, place: Location, run_id: str, resume: bool) -> tuple[Run, bool]:
    """Return the run with that id, and whether it existed before."""
    existing = _known_place(root, run_id)
    if (
        existing
        and resume
        and not (place.project in (DEFAULT, existing.project) and place.name in (DEFAULT, existing.name))
    ):
        raise RunExists(
            f"Run {run_id} belongs to {existing.project}/{existing.name}, not to {place.project}/{place.name}."
        )
    place = existing or place
    run = Run(root, place.project, place.name, run_id, place.path)
    if run.claim():
        if resume:
            say(f"{root} has no run {run_id} to resume; a new run of this id was begun.")
        return run, False
    if not resume:
        raise RunExists(f"Run {run_id} exists already; pass resume=True to resume it.")
    if other := find_other_writer(run.run_dir):
        say(
            f"run {run_id} is being written by {other} too; both write to the same journal, each with its own steps."
        )
    return run, True


def _known_place(root: Path, run_id: str) -> Location | None:
    """Return the place of the run with that id, if it exists."""
    with fork_lock.lock():
        from runicorn.store import find

    for folder in find.find(root, run_id)[:1]:
        path = layout.path_of_folder(folder)
        if path is not None:
            return Location(*layout.names_of_path(path), path)
        project, name = folder.split("/")[:2]
        return Location(project, name)
    return None


def announce(run: Run) -> None:
    """Print where the run can be viewed; without a running viewer, the command that starts one, once per root."""
    if not _is_stored(run):
        return
    if run.server:
        return  # its upload prints the address once the server has answered
    address = _address_of_viewer(run.storage_root)
    if address:
        say(f"run {run.project}/{run.name}: {address.rstrip('/')}/runs/{run.id}")
    elif (place := (os.getpid(), str(run.storage_root))) not in _shown:
        with fork_lock.lock():
            import shlex

        _shown.add(place)
        command = f"runicorn viewer --storage {shlex.quote(str(run.storage_root))}"
        say(f"run {run.project}/{run.name} {run.id}; to view it: {command}")


def _address_of_viewer(root: Path) -> str | None:
    viewers = [viewer for viewer in user.running_viewers() if viewer["root"] == str(root)]
    return str(viewers[0]["url"]) if viewers else None


def find_other_writer(run_dir: Path) -> str | None:
    """Describe the process that writes a run which is to be resumed; `None` without one."""
    meta, status = (layout.read_json(run_dir / name)[0] for name in (layout.META, layout.STATUS))
    process = ProcessRecord.from_dict(meta)
    if status.get("status") != layout.RUNNING or process.pid is None:
        return None
    if is_identified_here(process):
        is_other = process.pid != os.getpid() and is_alive(process)
        return f"process {process.pid}" if is_other else None
    is_recent = _is_recent(run_dir / layout.EVENTS)
    return f"process {process.pid} on {meta.get('hostname')}" if is_recent else None


def _is_recent(journal: Path) -> bool:
    try:
        return time.time() - journal.stat().st_mtime < GRACE_SECONDS
    except OSError:
        return False

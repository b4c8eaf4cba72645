"""`runicorn artifacts`: list, verify and delete artifact versions in a store."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runicorn.artifacts import ArtifactType, curation, garbage, responses, verify
from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.store import ArtifactFolder, Store, Version
from runicorn.store.progress import show_progress
from runicorn.store.units import format_bytes, number_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, USAGE

if TYPE_CHECKING:
    from runicorn.api.responses.artifacts import Artifact, ArtifactVersion, StoredVersion, StoreStatistics


class ArtifactsAction(StrEnum):
    """Action of the command."""

    LIST = "list"
    VERSIONS = "versions"
    INFO = "info"
    STATS = "stats"
    DELETE = "delete"
    VERIFY = "verify"


def artifacts(
    action: Annotated[ArtifactsAction, typer.Option(help="Action.")],
    name: Annotated[str | None, typer.Option(help="The artifact: `resnet` or `model/resnet`.")] = None,
    type: Annotated[
        ArtifactType | None, typer.Option(help="Its type; needed if two types have the name.")
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="The version number.")] = None,
    permanent: Annotated[
        bool, typer.Option("--permanent", help="Delete permanently instead of moving to the recycle bin.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Delete permanently without confirmation.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as the API returns it.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Show, verify and delete versions of artifacts: the earlier form of `runicorn artifact`.

    Examples:

      runicorn artifacts --action list

      runicorn artifacts --action versions --name resnet

      runicorn artifacts --action verify --name model/resnet --version 1
    """
    store = Store(common.existing_root(storage))
    kind = type.value if type else None
    with common.exit_on_error():
        if action is ArtifactsAction.LIST:
            print_list(responses.list_artifacts(store, kind, common.print_error), as_json)
        elif action is ArtifactsAction.STATS:
            print_statistics(responses.statistics(store, common.print_error), as_json)
        elif action is ArtifactsAction.VERSIONS:
            folder = _artifact_folder(store, name, kind, action)
            print_versions(responses.list_versions(folder, common.print_error), as_json)
        elif action is ArtifactsAction.VERIFY:
            verify_all(_selected_versions(store, name, kind, version), as_json)
        else:
            number = _needed(version, "--version", action)
            addressed = _artifact_folder(store, name, kind, action).existing(number)
            if action is ArtifactsAction.INFO:
                print_version(responses.version_detail(addressed), as_json)
            else:
                delete(addressed, permanent, yes, as_json)


def _needed(value: Any, option: str, action: ArtifactsAction) -> Any:
    if value is None:
        common.exit_with(f"Error: {option} is required for '{action.value}' action", USAGE)
    return value


def _artifact_folder(
    store: Store, name: str | None, kind: str | None, action: ArtifactsAction
) -> ArtifactFolder:
    """Return the named artifact; the name may include the type: `dataset/mnist`."""
    before, _, own = str(_needed(name, "--name", action)).rpartition("/")
    return store.find(own, kind or before or None)


def print_list(items: list[Artifact], as_json: bool) -> None:
    """Print artifacts."""
    if as_json:
        common.print_json(items)
        return
    if not items:
        typer.echo("No artifacts found.")
        return
    typer.echo(f"Found {len(items)} artifact(s):")
    rows = [
        (
            item["name"],
            item["type"],
            str(item["num_versions"]),
            format_bytes(item["size_bytes"]),
            f"v{item['latest_version']}",
            common.format_time(item["updated_at"]),
            ", ".join(f"{alias}=v{number}" for alias, number in sorted(item["aliases"].items())),
        )
        for item in items
    ]
    columns = ("Name", "Type", "Versions", "Size", "Latest", "Updated", "Aliases")
    common.print_table(columns, rows, numbers=("Versions", "Size"))


def print_versions(entries: list[ArtifactVersion], as_json: bool) -> None:
    """Print versions of one artifact."""
    if as_json:
        common.print_json(entries)
        return
    rows = [
        (
            f"v{entry['version']}",
            common.format_time(entry["created_at"]),
            format_bytes(entry["size_bytes"]),
            str(entry["num_files"]),
            entry["status"],
            ", ".join(entry["aliases"]),
            entry["created_by_run"] or "",
        )
        for entry in entries
    ]
    columns = ("Version", "Created", "Size", "Files", "Status", "Aliases", "Run")
    common.print_table(columns, rows, numbers=("Size", "Files"))


def print_version(about: StoredVersion, as_json: bool) -> None:
    """Print one version with its files."""
    if as_json:
        common.print_json(about)
        return
    lines = [
        ("Artifact", f"{about['type']}/{about['name']}:v{about['version']}"),
        ("Status", f"{about['status']}, {about['lifecycle_stage']}"),
        ("Created", common.format_time(about["created_at"])),
        ("By run", about["created_by_run"] or ""),
        ("Size", f"{format_bytes(about['size_bytes'])} in {number_of(about['num_files'], 'file')}"),
        ("Aliases", ", ".join(about["aliases"])),
        ("Tags", ", ".join(about["tags"])),
        ("Description", about["description"]),
        *((f"  {key}", str(value)) for key, value in about["metadata"].items()),
        ("Folder", about["path"]),
    ]
    common.print_table(("", ""), [line for line in lines if line[1]])
    files = [(format_bytes(file["size"]), file["path"], file["digest"]) for file in about["files"]]
    references = [
        (format_bytes(ref["size"] or 0), ref["uri"], ref["checksum"] or "") for ref in about["references"]
    ]
    common.print_table(("Size", "File", "Digest"), files + references, numbers=("Size",))


def print_statistics(sums: StoreStatistics, as_json: bool) -> None:
    """Print counts and sizes of a store."""
    if as_json:
        common.print_json(sums)
        return
    typer.echo(
        f"{number_of(sums['total_artifacts'], 'artifact')}, {number_of(sums['total_versions'], 'version')}"
    )
    typer.echo(f"{format_bytes(sums['total_size_bytes'])} in {number_of(sums['total_files'], 'file')}")
    savings = f"{format_bytes(sums['space_saved_bytes'])} ({sums['dedup_ratio']:.0%})"
    typer.echo(
        f"{format_bytes(sums['dedup_pool_size_bytes'])} stored, {savings} saved by storing equal files once"
    )
    rows = [
        (kind, str(of["count"]), str(of["versions"]), format_bytes(of["size_bytes"]))
        for kind, of in sums["by_type"].items()
    ]
    if rows:
        columns = ("Type", "Artifacts", "Versions", "Size")
        common.print_table(columns, rows, numbers=("Artifacts", "Versions", "Size"))


def delete(version: Version, permanent: bool, yes: bool, as_json: bool) -> None:
    """Delete a version, after a confirmation if it is permanent."""
    frees = garbage.freed_by(version.artifact.store, [version]) if permanent else 0
    if permanent:
        sentence = f"Delete {version} permanently? This frees {frees:,} bytes and cannot be undone."
        if not common.confirm(common.printable(sentence), yes, "--yes"):
            typer.echo("Cancelled.")
            return
        freed = curation.delete_for_good(version)
        message = f"Permanently deleted {version}, {freed:,} bytes freed"
        answer: dict[str, Any] = {"success": True, "message": message, "freed_bytes": freed}
    else:
        curation.soft_delete(version)
        message = f"Soft deleted {version}"
        answer = {"success": True, "message": message}
    if as_json:
        common.print_json(answer)
    else:
        typer.echo(common.printable(message))


def _selected_versions(store: Store, name: str | None, kind: str | None, number: int | None) -> list[Version]:
    """Return one version, all of an artifact, or all of the store."""
    if number is not None:
        return [_artifact_folder(store, name, kind, ArtifactsAction.VERIFY).existing(number)]
    folders = (
        store.folders(kind) if name is None else [_artifact_folder(store, name, kind, ArtifactsAction.VERIFY)]
    )
    return [folder.version(version_number) for folder in folders for version_number in folder.numbers()]


def verify_all(versions: list[Version], as_json: bool) -> None:
    """Verify every byte; exit with 1 if something is damaged."""
    outcomes = []
    for version in versions:
        try:
            progress = show_progress(f"{version}:", version.manifest.stored_size)
            try:
                result = verify.verify(version, progress)
            finally:
                progress.close()
            damaged, repaired = result.damaged, list(result.repaired)
        except DamagedFile as error:
            damaged, repaired = {"manifest.json": str(error)}, []
        outcomes.append(
            {"version": str(version), "damaged": list(damaged), "reasons": damaged, "repaired": repaired}
        )
        if not as_json:
            _print_outcome(str(version), damaged, repaired)
    if as_json:
        common.print_json(outcomes)
    if any(outcome["damaged"] for outcome in outcomes):
        raise typer.Exit(FAILED)


def _print_outcome(version: str, damaged: dict[str, str], repaired: list[str]) -> None:
    state = f"corrupted: {', '.join(damaged)}" if damaged else "intact"
    again = f" (repaired: {', '.join(repaired)})" if repaired else ""
    typer.echo(common.printable(f"{version} is {state}{again}"))
    for path, reason in damaged.items():
        typer.echo(common.printable(f"  {path}: {reason}"))

"""`runicorn artifact …`: commands for versions of artifacts, on a store or a viewer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.artifacts import curation, responses
from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.names import LATEST, ArtifactType, parse_spec
from runicorn.artifacts.store import Store, Version
from runicorn_tools.cli import artifacts as shared
from runicorn_tools.cli.support import common, viewers
from runicorn_tools.cli.support.exits import USAGE

VERSION_HELP = "A version: `resnet:v3`, `resnet:best` (an alias), `resnet` (the latest one), or with its type `model/resnet`."
OneVersion = Annotated[str, typer.Argument(metavar="VERSION", help=VERSION_HELP)]
Type = Annotated[
    ArtifactType | None, typer.Option("--type", help="The type; needed if two types have the name.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API returns it.")]
Url = Annotated[str, typer.Option(help="A viewer to ask instead of reading the store.")]
Token = Annotated[str | None, typer.Option(help="Token for --url.", envvar="RUNICORN_TOKEN")]
Storage = Annotated[Path | None, typer.Option(help="The storage root.")]


def artifact() -> None:
    """List, show, copy, verify and delete versions of artifacts.

    Examples:

      runicorn artifact ls

      runicorn artifact show resnet:v1

      runicorn artifact get model/resnet --output weights
    """


def ls(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The versions of this artifact.")
    ] = None,
    type: Type = None,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """List artifacts, or the versions of one."""
    kind, own = _type_and_name(name, type)
    if url:
        with viewers.open_client(url, token, storage) as client:
            if own is None:
                shared.print_list(client.artifacts.list_artifacts(kind), as_json)
            else:
                shared.print_versions(client.artifacts.list_versions(own, kind), as_json)
        return
    with _store(storage) as store:
        if own is None:
            shared.print_list(responses.list_artifacts(store, kind, common.print_error), as_json)
        else:
            versions = responses.list_versions(store.find(own, kind), common.print_error)
            shared.print_versions(versions, as_json)


def show(
    version: OneVersion,
    type: Type = None,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Show a version: files with digests, metadata, aliases, the run that made it."""
    if url:
        with viewers.open_client(url, token, storage) as client:
            about: Any = dict(client.artifacts.get_artifact(_spec(version, type)))
            content = client.artifacts.list_files(f"{about['type']}/{about['name']}:v{about['version']}")
            about |= {"path": "", "files": content["files"], "references": content["references"]}
            shared.print_version(about, as_json)
        return
    with _store(storage) as store:
        shared.print_version(responses.version_detail(_version(store, version, type)), as_json)


def get(
    version: OneVersion,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to copy into; default: NAME-vN here.")
    ] = None,
    type: Type = None,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Copy the files of a version, each verified by its digest. References are not downloaded."""
    if url:
        with viewers.open_client(url, token, storage) as client, common.exit_on_error():
            about = client.artifacts.get_artifact(_spec(version, type))
            name = f"{about['name']}:v{about['version']}"
            folder = output or Path(name.replace(":", "-"))
            client.artifacts.download_artifact(f"{about['type']}/{name}", folder)
    else:
        with _store(storage) as store:
            match = _version(store, version, type)
            name, folder = str(match), output or Path(str(match).replace(":", "-"))
            Artifact.of(match).download(folder)
    if as_json:
        common.print_json({"version": name, "folder": str(folder)})
    else:
        typer.echo(common.printable(f"{name} copied to {folder}"))


def rm(
    version: OneVersion,
    permanent: Annotated[
        bool, typer.Option("--permanent", help="Delete permanently instead of moving to the recycle bin.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Delete permanently without confirmation.")
    ] = False,
    type: Type = None,
    as_json: AsJson = False,
    storage: Storage = None,
) -> None:
    """Move a version to the recycle bin, or delete it permanently; its number must be given."""
    with _store(storage) as store:
        shared.delete(_numbered(store, version, type), permanent, yes, as_json)


def restore(version: OneVersion, type: Type = None, as_json: AsJson = False, storage: Storage = None) -> None:
    """Take a version out of the recycle bin; its number must be given."""
    with _store(storage) as store:
        match = _numbered(store, version, type)
        curation.restore(match)
    if as_json:
        common.print_json({"restored": str(match)})
    else:
        typer.echo(common.printable(f"Restored {match}"))


def alias(
    version: OneVersion,
    name: Annotated[str, typer.Argument(metavar="ALIAS", help="Such as best or production.")],
    remove: Annotated[bool, typer.Option("--remove", help="Remove the alias from the artifact.")] = False,
    type: Type = None,
    as_json: AsJson = False,
    storage: Storage = None,
) -> None:
    """Point an alias to a version, or remove it."""
    with _store(storage) as store:
        match = _version(store, version, type)
        if remove:
            curation.remove_alias(match.artifact, name)
        else:
            curation.set_alias(match.artifact, name, match.number)
        aliases = match.artifact.aliases()
    if as_json:
        common.print_json(aliases)
    else:
        typer.echo(common.printable(", ".join(f"{own}=v{number}" for own, number in sorted(aliases.items()))))


def verify_versions(
    version: Annotated[
        str | None,
        typer.Argument(metavar="[VERSION]", help="A version, or all of an artifact; default: all."),
    ] = None,
    type: Type = None,
    as_json: AsJson = False,
    storage: Storage = None,
) -> None:
    """Read every byte and compare it with the digests; exit with 1 if something is damaged."""
    with _store(storage) as store:
        if version is None:
            folders = list(store.folders(type.value if type else None))
        elif ":" in version:
            shared.verify_all([_version(store, version, type)], as_json)
            return
        else:
            kind, own = _type_and_name(version, type)
            folders = [store.find(str(own), kind)]
        shared.verify_all([folder.version(n) for folder in folders for n in folder.numbers()], as_json)


def stats(as_json: AsJson = False, storage: Storage = None) -> None:
    """Count artifacts, versions and bytes, by type."""
    with _store(storage) as store:
        shared.print_statistics(responses.statistics(store, common.print_error), as_json)


SUBCOMMANDS = {
    "ls": ls,
    "show": show,
    "get": get,
    "rm": rm,
    "restore": restore,
    "alias": alias,
    "verify": verify_versions,
    "stats": stats,
}


@contextmanager
def _store(storage: Path | None) -> Iterator[Store]:
    store = Store(common.existing_root(storage))
    with common.exit_on_error():
        yield store


def _spec(version: str, type: ArtifactType | None) -> str:
    named = version if ":" in version else f"{version}:{LATEST}"
    return f"{type.value}/{named}" if type and "/" not in named else named


def _version(store: Store, version: str, type: ArtifactType | None) -> Version:
    return store.resolve(parse_spec(_spec(version, type)))


def _numbered(store: Store, version: str, type: ArtifactType | None) -> Version:
    """Return the version with a number, deleted or not."""
    spec = parse_spec(_spec(version, type))
    if spec.version is None:
        common.exit_with(f"Give the number of the version, such as {spec.name}:v1", USAGE)
    return store.find(spec.name, spec.type).existing(spec.version)


def _type_and_name(name: str | None, type: ArtifactType | None) -> tuple[str | None, str | None]:
    kind, _, own = (name or "").rpartition("/")
    return (type.value if type else kind or None), own or None

"""Artifacts of a store or a viewer, as agents see them."""

from __future__ import annotations

from typing import cast

from runicorn.api.responses.artifacts import Artifact, ArtifactFile, DescribedVersion
from runicorn.artifacts import responses
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.names import LATEST, parse_spec
from runicorn.artifacts.store import Store
from runicorn.json_value import JsonObject
from runicorn.store import layout
from runicorn_site.catalog.base import BadQuestion, Catalog, CatalogError
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.catalog.viewer import ViewerCatalog, answered


class VersionWithFiles(DescribedVersion):
    """A version of an artifact with its files, as the store and a viewer have it."""

    files: list[ArtifactFile]


def artifacts(catalog: Catalog) -> list[Artifact]:
    """Return the artifacts, each with name, type, number of versions, size in bytes and aliases."""
    if isinstance(catalog, ViewerCatalog):
        with answered():
            return catalog.client.artifacts.list_artifacts()
    return responses.list_artifacts(_store(catalog), None, lambda sentence: None)


def artifacts_of_run(catalog: Catalog, entry: RunEntry) -> list[JsonObject]:
    """Return the versions that a run created or used, each with `relation`, `type`, `name` and `version`."""
    if isinstance(catalog, ViewerCatalog):
        with answered():
            return cast("list[JsonObject]", catalog.client.artifacts.list_experiment_artifacts(entry.id))
    folder = _store(catalog).root / entry.folder
    files = (("created", layout.ARTIFACTS_CREATED), ("used", layout.ARTIFACTS_USED))
    entries = []
    for relation, file in files:
        for each in layout.read_json(folder / file)[0].get("artifacts") or []:
            if isinstance(each, dict):
                entries.append({"relation": relation, **each})
    return entries


def artifact_version(catalog: Catalog, name: str) -> VersionWithFiles:
    """Return a version with its `files` and metadata; `name` is `resnet:v1`, `resnet:best`, `resnet` or `model/resnet`.

    Raises:
        BadQuestion: it does not exist.
    """
    spec = name if ":" in name else f"{name}:{LATEST}"
    if isinstance(catalog, ViewerCatalog):
        with answered():
            about = cast("VersionWithFiles", catalog.client.artifacts.get_artifact(spec))
            number = f"{about['type']}/{about['name']}:v{about['version']}"
            about["files"] = catalog.client.artifacts.list_files(number)["files"]
            return about
    try:
        return cast("VersionWithFiles", responses.version_detail(_store(catalog).resolve(parse_spec(spec))))
    except ArtifactError as error:
        raise BadQuestion(str(error)) from error


def _store(catalog: Catalog) -> Store:
    if not isinstance(catalog, StoreCatalog):
        raise CatalogError("This needs the store itself.")
    return Store(catalog.root)

"""`trackio.Artifact`: the one of W&B, with a manifest that is a list."""

from __future__ import annotations

from typing import Any

from runicorn.compat.wandb import artifact


class Artifact(artifact.Artifact):
    """A versioned set of files and references."""

    _foreign_name = "trackio.Artifact"

    @property
    def manifest(self) -> list[dict[str, Any]] | None:
        """Return path, digest and size in bytes of each file, and path, ref, digest and size of each reference.

        None before it is logged.
        """
        manifest = self._stored.get_manifest()
        if manifest is None:
            return None
        files = [
            {"path": file.path, "digest": file.digest.rpartition(":")[2], "size": file.size}
            for file in manifest.files
        ]
        references = [
            {
                "path": str(reference.metadata.get("name") or reference.uri.rstrip("/").rpartition("/")[2]),
                "ref": reference.uri,
                "digest": reference.checksum or reference.uri,
                "size": reference.size or 0,
            }
            for reference in manifest.references
        ]
        return [*files, *references]

    @property
    def manifest_digest(self) -> str | None:
        return None if self.is_draft() else self._version().metadata.manifest_digest

    digest = manifest_digest  # type: ignore[assignment]

"""Sums over all artifacts of a root."""

from __future__ import annotations

from django.db.models import Max, Sum

from artifacts.index import discovery
from artifacts.models import Artifact, File, Version
from runicorn.api.responses.artifacts import StoreStatistics, TypeStatistics
from runicorn.artifacts import names
from runicorn_site.web.readable import current
from runs.models import StorageRoot


def statistics(root: StorageRoot) -> StoreStatistics:
    discovery.refresh_all(root)
    versions = Version.objects.indexed().filter(artifact__root=root)
    by_type: dict[str, TypeStatistics] = {}
    kinds = (
        Artifact.objects.in_root(root)
        .with_live_versions()
        .order_by()
        .values_list("type", flat=True)
        .distinct()
    )
    for kind in sorted(kinds, key=lambda kind: (kind not in names.TYPES, kind)):
        of_type = versions.filter(artifact__type=kind, deleted=None)
        sums = of_type.aggregate(size=Sum("stored_bytes"), count=Sum("num_files"))
        count = Artifact.objects.in_root(root).with_live_versions().filter(type=kind).count()
        if count:
            by_type[kind] = {"count": count, "versions": of_type.count(), "size_bytes": sums["size"] or 0}
    sums = versions.aggregate(size=Sum("stored_bytes"), count=Sum("num_files"))
    files = File.objects.filter(version__artifact__root=root)
    files = files if current().is_everything else files.filter(version__in=versions)
    contents = files.values("digest").annotate(size=Max("size"))
    size, pool = sums["size"] or 0, contents.aggregate(total=Sum("size"))["total"] or 0
    return {
        "total_artifacts": Artifact.objects.in_root(root).with_live_versions().count(),
        "total_versions": versions.filter(deleted=None).count(),
        "total_size_bytes": size,
        "total_files": sums["count"] or 0,
        "dedup_enabled": True,
        "dedup_pool_size_bytes": pool,
        "space_saved_bytes": size - pool,
        "dedup_ratio": (size - pool) / size if size else 0.0,
        "by_type": by_type,
    }

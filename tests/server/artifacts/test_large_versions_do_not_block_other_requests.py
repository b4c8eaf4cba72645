"""Routes of artifacts may read a manifest of a hundred thousand files, so they never use a quick thread."""

from __future__ import annotations

import pytest

from runicorn_site.transport.routing import pool_at


@pytest.mark.parametrize(
    "path",
    [
        "/api/artifacts",
        "/api/artifacts/stats",
        "/api/artifacts/m/versions",
        "/api/artifacts/m/v1",
        "/api/artifacts/m/v1/files",
        "/api/artifacts/m/v1/files/a/b.txt",
        "/api/artifacts/m/v1/lineage",
        "/api/artifacts/m/v1/restore",
        "/api/artifacts/m/v1/promote",
        "/api/artifacts/m/v1/evaluate",
        "/api/artifacts/m/aliases/best",
        "/api/artifacts/m/evaluations",
        "/api/artifacts/m/training-metrics",
        "/api/artifacts/m/performance-history",
        "/api/artifacts/uploads",
        "/api/artifacts/uploads/0123",
        "/api/artifacts/uploads/0123/files",
        "/api/artifacts/uploads/0123/contents",
        "/api/artifacts/uploads/0123/parts",
        "/api/artifacts/uploads/0123/complete",
        "/api/runs/20260101_000000_abcdef/artifacts",
        "/artifacts",
        "/artifacts/model/m",
        "/artifacts/model/m/compare",
        "/artifacts/model/m/alias",
        "/artifacts/model/m/v1",
        "/artifacts/model/m/v1/zip",
        "/artifacts/model/m/v1/files/a.txt",
        "/artifacts/model/m/v1/promote",
        "/artifacts/model/m/v1/delete",
        "/artifacts/model/m/v1/verify",
        "/artifacts/model/m/v1/remove",
    ],
)
def test_routes_of_artifacts_run_on_the_blocking_pool(path: str) -> None:
    assert pool_at(path) == "blocking"


def test_other_routes_run_on_the_fast_pool() -> None:
    assert pool_at("/api/runs") == "quick"

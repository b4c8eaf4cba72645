from __future__ import annotations

import pytest

from tests.processes import Viewer
from tests.site.wire import get


def test_ours_and_those_of_packages_are_served(plain: Viewer) -> None:
    for path, kind in (
        ("css/base.css", "text/css; charset=utf-8"),
        ("js/frame.js", "text/javascript; charset=utf-8"),
        ("img/favicon.svg", "image/svg+xml"),
        ("admin/css/base.css", "text/css; charset=utf-8"),
        ("rest_framework/js/default.js", "text/javascript; charset=utf-8"),
        ("django_htmx/htmx-2.min.js", "text/javascript; charset=utf-8"),
        ("drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png", "image/png"),
    ):
        answer = plain.get(f"/static/{path}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind), path
        assert answer.content


def test_what_has_not_changed_is_not_sent_again(plain: Viewer) -> None:
    first = plain.get("/static/css/base.css")
    assert first.headers["Cache-Control"] == "no-cache"
    again = plain.get("/static/css/base.css", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert plain.get("/static/css/base.css", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../manage.py",
        "/static/css/../../manage.py",
        "/static/%2e%2e/manage.py",
        "/static/css/%2e%2e/%2e%2e/manage.py",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/css",
        "/static/",
        "/static/nothing.css",
        "/static/css/base.css%00.png",
        "/static/..%5cmanage.py",
    ],
)
def test_nothing_else_is_found(plain: Viewer, path: str) -> None:
    assert get(plain.port, path).status == 404


def test_they_are_only_read(plain: Viewer) -> None:
    assert plain.post("/static/css/base.css").status_code == 405

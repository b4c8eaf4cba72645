from __future__ import annotations

import re

import pytest

from runicorn_site.assets.storage import version
from runicorn_site.assets.views import FOR_GOOD
from tests.processes import PROJECT, Viewer
from tests.server.site.wire import get


def test_static_files_of_the_project_and_of_packages_are_served(plain: Viewer) -> None:
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
        "/static/css/base+nothing.css",
        "/static/css/base+../../manage.css",
        "/static/css/+.css",
        f"/static/css/{'base+' * 16}base.css",
        "/static/js/+nothing.js",
        "/static/js/+.js",
        "/static/js/+../../manage.js",
        "/static/js/+frame++run.js",
        f"/static/js/{'+frame' * 17}.js",
        f"/static/v-{'0' * 16}/../manage.py",
        f"/static/v-{'0' * 16}/v-{'0' * 16}/css/base.css",
    ],
)
def test_other_files_are_not_found(plain: Viewer, path: str) -> None:
    assert get(plain.port, path).status == 404


def test_static_files_are_read_only(plain: Viewer) -> None:
    assert plain.post("/static/css/base.css").status_code == 405


def test_a_versioned_address_is_kept_for_good_with_all_that_it_imports(plain: Viewer) -> None:
    page = plain.get("/").text
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert {"/".join(address.split("/")[:3]) for address in addresses} == {f"/static/v-{version()}"}
    for address in addresses:
        answer = plain.get(address.partition("#")[0])
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, FOR_GOOD), address
    old = plain.get(f"/static/v-{'0' * 16}/css/base.css")
    assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-cache")


def test_style_sheets_are_joined_in_their_order(plain: Viewer) -> None:
    parts = [plain.get(f"/static/css/{name}.css").content for name in ("variables", "base", "run")]
    both = plain.get("/static/css/variables+base+run.css")
    assert both.content == b"\n".join(parts)
    assert both.headers["Content-Type"] == "text/css; charset=utf-8"
    again = plain.get("/static/css/variables+base+run.css", headers={"If-None-Match": both.headers["ETag"]})
    assert again.status_code == 304
    assert plain.get("/static/css/base+variables+run.css").headers["ETag"] != both.headers["ETag"]


def test_modules_come_in_one_answer_with_all_that_they_import(plain: Viewer) -> None:
    page = plain.get("/").text
    assert [
        path.rpartition("/")[2] for path in re.findall(r'<script type="module"\s+src="([^"]+)"', page)
    ] == ["+frame+runs.js"]
    answer = plain.get("/static/js/+frame+run.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    places = [
        answer.text.index(f'modules["js/{name}.js"] ??= ')
        for name in ("chart/scales/ticks", "chart/scales/layout", "run")
    ]
    assert places == sorted(places)
    assert answer.text.count('modules["js/chart/text/format.js"] ??= ') == 1
    again = plain.get("/static/js/+frame+run.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_every_module_of_a_page_can_be_joined(plain: Viewer) -> None:
    names = sorted(path.stem for path in (PROJECT / "static" / "js").glob("*.js"))
    statuses = {name: plain.get(f"/static/js/+{name}.js").status_code for name in names}
    assert statuses == dict.fromkeys(names, 200)
    assert names

from __future__ import annotations

import pytest

from tests.processes import Viewer


@pytest.mark.parametrize("path", ["/api/long", "/docs", "/openapi.json", "/api/nothing"])
def test_both_forms_answer_the_same(odd: Viewer, path: str) -> None:
    bare = odd.get(path, allow_redirects=False)
    slashed = odd.get(path + "/", allow_redirects=False)
    assert (slashed.status_code, slashed.content) == (bare.status_code, bare.content)


def test_the_admin_site_is_found_without_its_slash(odd: Viewer) -> None:
    assert odd.get("/admin").url.endswith("/admin/")


def test_two_slashes_are_another_address(odd: Viewer) -> None:
    assert odd.get("/api/long//").status_code == 404

"""The page of a mirrored run names versions that are missing in this store, without dead links."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.folders import write_run
from tests.pages.markup import Markup

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ({"machine_id": "f" * 32, "hostname": "gpu7"}, "net:v3 on gpu7, not in this store"),
        ({"machine_id": "", "hostname": "gpu7"}, "net:v3 not in this store"),
    ],
)
def test_the_panel_names_the_machine_with_the_versions(
    page: Callable[..., Markup], store: Path, about: dict[str, str], sentence: str
) -> None:
    run_id = write_run(store, "vision", "net", **about)
    entry = {"type": "model", "name": "net", "version": 3, "size_bytes": 5, "created_at": 1.7e9}
    folder = store / "vision/net/runs" / run_id
    (folder / "artifacts_created.json").write_text(json.dumps({"artifacts": [entry]}))
    markup = page(f"/runs/{run_id}")
    (section,) = markup.all("section", "made-and-used")
    assert sentence in " ".join(section.text.split())
    assert not [link for link in markup.all("a") if "/artifacts/model/net" in link.attributes.get("href", "")]

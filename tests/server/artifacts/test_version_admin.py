"""The admin site shows artifacts as their folders are, and changes them through the services."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import runicorn as rn
from artifacts.models import Artifact, Version
from artifacts.services import lookup
from runicorn.artifacts import garbage
from runicorn.artifacts.store import Store
from runs.active_root import active_root
from runs.services.lookup import get_run
from tests.large import many
from tests.mounts import read_only as _read_only
from tests.waiting import until

pytestmark = pytest.mark.django_db
VERSIONS = "/admin/artifacts/version/"
FORM = {
    "description": "better",
    "tags": "a\nb",
    "metadata": '{"acc": 1}',
    "files-TOTAL_FORMS": "0",
    "files-INITIAL_FORMS": "0",
}
read_only = _read_only


@pytest.fixture
def creator(store: Path, run: rn.Run, write: Callable[..., Path]) -> rn.Run:
    """Model m with two versions that share a file, and dataset d, which the run used."""
    run.log_artifact(rn.Artifact("d", "dataset").add_file(write("d.csv", "a,b\n1,2\n")))
    run.use_artifact("d:latest")
    for number in (1, 2):
        artifact = rn.Artifact("m", metadata={"acc": number}, description=f"try {number}").add_tags("t")
        artifact.add_file(write("shared.bin", b"s" * 5000)).add_file(write("own.bin", b"%d" % number * 700))
        run.log_artifact(artifact)
    get_run(run.id)
    until(lambda: not lookup.catch_up_all(active_root()))
    return run


def key(name: str, number: int) -> int:
    return lookup.get_version(name, number).pk


def act(action: str, *keys: int, **more: str) -> str:
    """What the list says after an action."""
    chosen = {"action": action, "_selected_action": [str(k) for k in keys], **more}
    answer = Client().post(VERSIONS, chosen, follow=True)
    assert answer.status_code == 200
    messages = re.search('<ul class="messagelist">.*?</ul>', answer.content.decode(), re.DOTALL)
    return messages[0] if messages else answer.content.decode()


def test_every_admin_page_opens(creator: rn.Run) -> None:
    artifact = lookup.get_artifact("m")
    for address, words in many(
        [
            ("artifact/", ["m", "dataset", "latest = v2"]),
            ("artifact/?q=m&type__exact=model", ["m"]),
            (f"artifact/{artifact.pk}/change/", ["experimental", "v2"]),
            ("version/", ["m:v2", "d:v1"]),
            ("version/?q=try", ["m:v1"]),
            (f"version/{key('m', 2)}/change/", ["shared.bin", "sha256:", "made by", creator.id]),
            ("use/", ["used d:v1", creator.id]),
        ]
    ):
        answer = Client().get(f"/admin/artifacts/{address}")
        assert answer.status_code == 200
        assert all(word in answer.content.decode() for word in words), address
    for odd in (
        "?q=%00",
        "?q=%ED%A0%80",
        "?p=-1",
        "?p=99999999999999999999",
        "?o=x",
        "?id__exact=99999999999999999999",
    ):
        for kind in ("artifact", "version", "use"):
            assert Client().get(f"/admin/artifacts/{kind}/{odd}").status_code in (200, 302), (kind, odd)
    for address in ("artifact/add/", "version/add/", f"version/{key('m', 2)}/delete/"):
        assert Client().get(f"/admin/artifacts/{address}").status_code == 403


def test_edited_fields_are_written_to_the_folder(creator: rn.Run, folder: Path) -> None:
    address = f"{VERSIONS}{key('m', 1)}/change/"
    assert Client().post(address, FORM).status_code == 302
    metadata = lookup.get_version("m", 1).on_disk.metadata
    assert (metadata.description, metadata.tags, metadata.metadata) == ("better", ["a", "b"], {"acc": 1})
    for bad in ({"metadata": "[1]"}, {"metadata": "{"}, {"tags": "x" * 101}, {"description": "x" * 10_001}):
        answer = Client().post(address, FORM | bad)
        assert answer.status_code == 200 and "errorlist" in answer.content.decode()
    assert lookup.get_version("m", 1).on_disk.metadata == metadata


def test_actions_call_the_services(creator: rn.Run) -> None:
    first, second, data = key("m", 1), key("m", 2), key("d", 1)
    assert "2 of 2 versions tagged" in act("add_tags", first, data, words="x, y")
    assert lookup.get_version("d", 1).tags == ["x", "y"]
    assert "1 of 1 version untagged" in act("remove_tags", first, words="t,y")
    assert lookup.get_version("m", 1).on_disk.metadata.tags == ["x"]
    assert "1 of 1 version promoted to staging" in act("promote", first, stage="staging")
    assert "Invalid transition from experimental to production" in act("promote", second, stage="production")
    assert "1 of 1 version given the alias best" in act("set_alias", first, words="best")
    assert "Select one version per artifact" in act("set_alias", first, second, words="best")
    assert "0 of 1 version given the alias v3" in act("set_alias", first, words="v3")
    assert "Alias not found: best for m:v2" in act("remove_alias", second, words="best")
    assert lookup.get_artifact("m").aliases == {"latest": 2, "best": 1}
    assert "removed from the alias best" in act("remove_alias", first, words="best")
    assert "2 of 2 versions deleted" in act("delete_softly", second, data)
    assert lookup.get_artifact("m").aliases == {"latest": 1}
    assert "2 of 2 versions restored" in act("restore", second, data)
    for action in ("set_alias", "add_tags"):
        assert "next to the action" in act(action, first)
    assert "Choose a stage" in act("promote", first)


def test_damaged_files_are_named(creator: rn.Run) -> None:
    version = lookup.get_version("m", 1)
    place = version.on_disk.file_path("own.bin")
    pooled = version.on_disk.artifact.store.pool.blob(version.files.get(path="own.bin").digest)
    for path in {place, pooled}:
        os.chmod(path, 0o644)
        path.write_bytes(b"x" * 700)
    message = act("verify", version.pk, key("m", 2))
    assert "Damaged in m:v1: own.bin" in message and "2 of 2 versions verified" in message
    assert lookup.get_version("m", 1).state == "corrupted"


def test_permanent_deletion_frees_the_shown_bytes(creator: rn.Run, folder: Path) -> None:
    second_key, first_key = key("m", 2), key("m", 1)
    first = act("delete_for_good", second_key)
    before = _blocks(folder)
    frees = int(re.search(r"\((\d+) bytes\)", first)[1])  # type: ignore[index]
    assert 700 < frees < 5000 and Version.objects.filter(pk=second_key).exists()
    assert f"({frees:,} bytes) freed" in act("delete_for_good", second_key, confirmed="yes")
    assert not Version.objects.filter(pk=second_key).exists()
    # `versions.json` is shorter then, and the highest number is kept.
    assert abs(before - frees - _blocks(folder)) < 1000
    both = garbage.freed_by(Store(folder), [lookup.get_version("m", 1).on_disk])
    assert both > 5000 and f"({both:,} bytes) freed" in act("delete_for_good", first_key, confirmed="yes")


def _blocks(folder: Path) -> int:
    sizes = {(s.st_dev, s.st_ino): s.st_size for s in (p.stat() for p in folder.rglob("*") if p.is_file())}
    return sum(sizes.values())


@pytest.fixture
def sealed(creator: rn.Run, folder: Path, read_only: Any) -> Iterator[Path]:
    """The same store, made read-only."""
    act("delete_softly", key("m", 1))
    with read_only(folder):
        yield folder


def rows() -> list[dict[str, Any]]:
    """All rows but for how the folders were when they were read."""
    records = [*Version.objects.order_by("pk").values(), *Artifact.objects.order_by("pk").values()]
    return [{name: row[name] for name in row if name not in ("signature", "stamp")} for row in records]


def test_a_read_only_store_changes_no_row(sealed: Path) -> None:
    first, second = key("m", 1), key("m", 2)
    before = rows()
    for action, chosen, more in [
        ("promote", second, {"stage": "staging"}),
        ("set_alias", second, {"words": "best"}),
        ("remove_alias", second, {"words": "latest"}),
        ("add_tags", second, {"words": "x"}),
        ("remove_tags", second, {"words": "t"}),
        ("delete_softly", second, {}),
        ("restore", first, {}),
        ("verify", second, {}),
        ("delete_for_good", second, {"confirmed": "yes"}),
    ]:
        assert "0 of 1 version" in act(action, chosen, **more), action
    answer = Client().post(f"{VERSIONS}{second}/change/", FORM, follow=True)
    assert answer.status_code == 200 and "read-only" in answer.content.decode()
    assert rows() == before

"""Saving, deleting, restoring, aliases, collection and verification in any order, compared with a plain model."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from runicorn.artifacts import curation, garbage
from runicorn.artifacts import verify as verifying
from runicorn.artifacts.create import Draft, save
from runicorn.artifacts.errors import StoreBusy
from runicorn.artifacts.names import Spec
from runicorn.artifacts.store import ArtifactFolder, Store

NAMES = ("a", "b")
CONTENTS = [bytes([letter]) * size for letter in b"xyz" for size in (0, 10, 5000)]
WHICH = st.integers(0, 9)


class Model:
    """What one artifact should be."""

    def __init__(self) -> None:
        self.versions: dict[int, dict[str, bytes]] = {}
        self.deleted: set[int] = set()
        self.aliases: dict[str, int] = {}
        self.highest = 0

    def live(self) -> list[int]:
        """Versions that are not deleted."""
        return sorted(self.versions.keys() - self.deleted)


class Shelves(RuleBasedStateMachine):
    """The operations, each applied to the store and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="runicorn-artifacts-"))
        self.sources = self.folder / "sources"
        self.sources.mkdir()
        for number, content in enumerate(CONTENTS):
            (self.sources / str(number)).write_bytes(content)
        self.store = Store(self.folder / "store")
        self.models = {name: Model() for name in NAMES}
        # Another writer of the same store, whose versions are its own and stay.
        self.ended = threading.Event()
        self.others = 0
        self.other = threading.Thread(target=self._write_beside)
        self.other.start()

    def teardown(self) -> None:
        """End the other writer; all that it was told was stored is there."""
        self.ended.set()
        self.other.join()
        if self.others:
            assert self.store.find("other").numbers() == list(range(1, self.others + 1))
        shutil.rmtree(self.folder)

    def _write_beside(self) -> None:
        while not self.ended.wait(0.002):
            draft = Draft("other", "model", files={"f": self.sources / str(self.others % len(CONTENTS))})
            save(self.store, draft)
            self.others += 1

    def _artifact(self, name: str) -> ArtifactFolder:
        return self.store.folder("dataset", name)

    def _pick(self, name: str, which: int) -> int | None:
        numbers = sorted(self.models[name].versions)
        return numbers[which % len(numbers)] if numbers else None

    @rule(name=st.sampled_from(NAMES), files=st.dictionaries(st.sampled_from("pqr"), WHICH, min_size=1))
    def save(self, name: str, files: dict[str, int]) -> None:
        """A new version."""
        chosen = {path: number % len(CONTENTS) for path, number in files.items()}
        draft = Draft(name, "dataset", files={path: self.sources / str(n) for path, n in chosen.items()})
        model = self.models[name]
        version = save(self.store, draft)
        assert version.number == model.highest + 1
        model.highest += 1
        model.versions[version.number] = {path: CONTENTS[n] for path, n in chosen.items()}

    @rule(name=st.sampled_from(NAMES), which=WHICH)
    def delete(self, name: str, which: int) -> None:
        """Into the recycle bin."""
        if number := self._pick(name, which):
            curation.soft_delete(self._artifact(name).existing(number))
            model = self.models[name]
            model.deleted.add(number)
            model.aliases = {alias: n for alias, n in model.aliases.items() if n != number}

    @rule(name=st.sampled_from(NAMES), which=WHICH)
    def restore(self, name: str, which: int) -> None:
        """Out of the recycle bin."""
        if number := self._pick(name, which):
            curation.restore(self._artifact(name).existing(number))
            self.models[name].deleted.discard(number)

    @rule(name=st.sampled_from(NAMES), which=WHICH)
    def delete_for_good(self, name: str, which: int) -> None:
        """Away."""
        if number := self._pick(name, which):
            curation.delete_for_good(self._artifact(name).existing(number))
            model = self.models[name]
            del model.versions[number]
            model.deleted.discard(number)
            model.aliases = {alias: n for alias, n in model.aliases.items() if n != number}

    @rule(name=st.sampled_from(NAMES), which=WHICH, alias=st.sampled_from(["prod", "best"]))
    def set_alias(self, name: str, which: int, alias: str) -> None:
        """An alias moves, among versions that are not deleted."""
        number = self._pick(name, which)
        if number in self.models[name].live():
            curation.set_alias(self._artifact(name), alias, number)  # type: ignore[arg-type]
            self.models[name].aliases[alias] = number  # type: ignore[assignment]

    @rule()
    def collect(self) -> None:
        """What nothing holds goes; while the other writer stores something, nothing does."""
        try:
            garbage.collect(self.store)
        except StoreBusy:
            return

    @precondition(lambda self: any(model.versions for model in self.models.values()))
    @rule(name=st.sampled_from(NAMES), which=WHICH)
    def verify(self, name: str, which: int) -> None:
        """Nothing is ever damaged here."""
        if number := self._pick(name, which):
            assert not verifying.verify(self._artifact(name).existing(number)).damaged

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        """Versions, contents, aliases and `latest` are those of the model."""
        for name, model in self.models.items():
            artifact = self._artifact(name)
            assert artifact.numbers() == sorted(model.versions)
            latest: dict[str, Any] = {"latest": model.live()[-1]} if model.live() else {}
            assert artifact.aliases() == latest | model.aliases
            if model.live():
                assert artifact.resolve(Spec(name, "dataset", None, "latest")).number == model.live()[-1]
            for number, files in model.versions.items():
                version = artifact.version(number)
                assert {file.path for file in version.manifest.files} == set(files)
                for path, content in files.items():
                    assert version.file_path(path).read_bytes() == content
                    assert all(
                        verifying.is_whole(p, file)
                        for file in version.manifest.files
                        for p in verifying.places(version, file)
                    )


def _run(examples: int, steps: int) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Shelves,
        settings=settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=checks),
    )


def test_any_order_of_operations_matches_the_model(either: str) -> None:
    _run(6, 15)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(4))
def test_any_long_order_of_operations_matches_the_model(either: str, part: int) -> None:
    _run(50, 40)

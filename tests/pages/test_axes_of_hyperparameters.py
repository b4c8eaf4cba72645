"""Parallel coordinates: config keys that differ are the axes, and their texts do not overlap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

RUNS = 40
CONFIG: dict[str, list[Any]] = {
    "compile": [True] * RUNS,
    "data.augment": [["randaug", "none", "mixup+cutmix"][i % 3] for i in range(RUNS)],
    "data.name": ["imagenet-resized-256"] * RUNS,
    "data.path": [f"/mnt/nfs/data/shards/{i}" for i in range(RUNS)],
    "data.workers": [8] * RUNS,
    "epochs": [90] * RUNS,
    "model.depth": [[18, 50][i % 2] for i in range(RUNS)],
    "optim.lr": [0.1 / (i + 1) for i in range(RUNS)],
    "optim.name": [["adamw", "a-scheduler-with-a-long-name"][i % 2] for i in range(RUNS)],
    "seed": list(range(RUNS)),
}
DRAW = """(m, [config, names]) => {
    document.body.innerHTML = `<section id="relation"><form id="relation-tools"><select name="metric"><option>acc</option></select>
        <select name="key"><option>optim.lr</option></select><input type="checkbox" name="keylog"></form>
        <figure id="scatter"></figure><figure id="parallel" style="width: 620px"></figure></section>`;
    const section = document.getElementById("relation"), runs = names.map((name) => `run-${name}`);
    section.dataset.values = JSON.stringify({ runs, config, metrics: { acc: names.map((name) => name / 100) } });
    const entries = runs.map((key) => ({ key, label: key, colour: "curve-1" }));
    new m.Relation(section, () => {}).show({ metric: "acc", key: "optim.lr", keylog: true }, entries);
    const box = (text) => { const { x, y, width, height } = text.getBBox(); return [text.firstChild.data, x, x + width, y, y + height]; };
    return [[...document.querySelectorAll("#parallel .name > title")].map((title) => title.textContent),
        [...document.querySelectorAll("#parallel text")].map(box)];
}"""


def test_axes_are_the_keys_that_differ_and_their_texts_do_not_overlap(js: Callable[..., Any]) -> None:
    config = {key: [None, *values[1:]] for key, values in CONFIG.items()}  # one run without a config
    axes, texts = js("hyperparameters/relation.js", DRAW, [config, list(range(RUNS))])
    assert axes == ["optim.lr", "model.depth", "seed", "data.augment", "optim.name", "data.path", "acc"]
    for i, (label, left, right, top, bottom) in enumerate(texts):
        for other, left2, right2, top2, bottom2 in texts[i + 1 :]:
            apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
            assert apart, f"{label!r} covers {other!r}"

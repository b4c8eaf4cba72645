"""Pages of differences: the card of a run, the difference of two, the sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from metrics.ingest.catch_up import catch_up_several
from metrics.pages import syntax
from runicorn.store.project import analysis
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from tests.folders import write_run
from tests.server.metrics.test_differences_over_http import runs, write_run_with_sources

__all__ = ["runs"]


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def test_the_card_says_what_changed_and_what_it_did(runs: list[str], client: Client) -> None:
    text = page(client, f"/runs/{runs[2]}/changed")
    assert "Config: lr 0.1 → 0.9" in text
    assert "Code: 1 file, +1 −1, train.py" in text
    assert f"/compare/differ?a={runs[1]}&amp;b={runs[2]}" in text
    assert 'class="verdict ' in text
    assert f"runicorn rerun {runs[2]} --check" in text
    replica = page(client, f"/runs/{runs[1]}/changed")
    assert f"Replica of run {runs[0]} but for the seed" in replica
    assert "no earlier run" in page(client, f"/runs/{runs[0]}/changed")


def test_the_card_compares_with_the_baseline_or_a_chosen_run(
    runs: list[str], store: Path, client: Client
) -> None:
    assert 'data-against="baseline"' not in page(client, f"/runs/{runs[2]}/changed")
    analysis.update(store, "p", lambda content: content.update(baseline=[runs[0]]))
    assert 'data-against="baseline"' in page(client, f"/runs/{runs[2]}/changed")
    text = page(client, f"/runs/{runs[2]}/changed?against=baseline")
    assert f"?a={runs[0]}&amp;b={runs[2]}" in text
    assert f"?a={runs[0]}&amp;b={runs[2]}" in page(client, f"/runs/{runs[2]}/changed?against={runs[0]}")


def test_the_card_judges_metrics_that_are_named_like_a_statistic(store: Path, client: Client) -> None:
    first, second = (
        write_run(store, "p", config={"lr": lr}, metrics=[{"val.acc.best": lr}], created_at=1000.0 + lr)
        for lr in (0.1, 0.9)
    )
    discovery.full(active_root())
    catch_up_several(list(Run.objects.all()))
    text = page(client, f"/runs/{second}/changed?against={first}")
    assert "<bdi>best val.acc.best</bdi>" in text and 'class="verdict ' in text


def test_the_card_says_within_noise_without_the_seeds_that_would_decide(store: Path, client: Client) -> None:
    seeds = [(0.1, 0.52, 1), (0.1, 0.48, 2), (0.1, 0.50, 3), (0.2, 0.51, 1)]
    ids = [
        write_run(
            store, "p", config={"lr": lr, "seed": seed}, metrics=[{"loss": loss}], created_at=1000.0 + number
        )
        for number, (lr, loss, seed) in enumerate(seeds)
    ]
    analysis.update(store, "p", lambda content: content.update(baseline=ids[:3]))
    discovery.full(active_root())
    catch_up_several(list(Run.objects.all()))
    text = page(client, f"/runs/{ids[3]}/changed?against=baseline")
    assert "within noise</bdi>" in text and "would decide</bdi>" not in text
    assert 'title="within noise; ' in text


def test_a_run_compared_with_itself_has_no_effects(runs: list[str], client: Client) -> None:
    text = page(client, f"/runs/{runs[2]}/changed?against={runs[2]}")
    assert "What changed" in text and 'class="effects"' not in text


def test_the_page_of_a_difference_has_all_sections(runs: list[str], client: Client) -> None:
    text = page(client, f"/compare/differ?a={runs[0]}&b={runs[2]}")
    for expected in ("section-config", "section-code", "Where curves part", ">60<", 'class="removed">-a = '):
        assert expected in text, expected
    assert "section-packages" not in text
    assert page(client, f"/compare/differ?a={runs[2]}&b=previous").count("section-config") == 1
    assert "Nothing that was recorded is different." in page(
        client, f"/compare/differ?a={runs[0]}&b={runs[0]}"
    )
    page(client, f"/compare/differ?a={runs[0]}&b=20200101_000000_000000", 404)
    assert client.get("/compare/differ").status_code == 302


def test_values_are_escaped(runs: list[str], store: Path, client: Client) -> None:
    evil = '<img src=x onerror="alert(1)">'
    other = write_run_with_sources(store, 5, {"lr": 0.9, evil: evil}, f"a = '{evil}'  # {evil}\n")
    discovery.full(active_root())
    for path in (
        f"/compare/differ?a={runs[2]}&b={other}",
        f"/runs/{other}/changed",
        f"/runs/{other}/sources?path=train.py",
    ):
        assert "<img src=x" not in page(client, path), path


def test_sources_are_shown_with_colors(runs: list[str], client: Client) -> None:
    text = page(client, f"/runs/{runs[2]}/sources?path=train.py")
    assert 'aria-current="page"><bdi>train.py' in text
    assert 'a = <span class="number">2</span>' in text
    assert f"/api/v2/experiments/{runs[2]}/sources/file?path=train.py" in text
    page(client, f"/runs/{runs[2]}/sources?path=../../meta.json", 404)
    html = page(client, f"/runs/{runs[2]}/sources?q=A+%3D")
    assert "<bdi>train.py</bdi>:1</a> <code>a = 2</code>" in html
    assert "No matches." in page(client, f"/runs/{runs[2]}/sources?q=nowhere")


def test_nearest_runs_are_listed_with_what_differs(runs: list[str], client: Client) -> None:
    text = page(client, f"/runs/{runs[2]}/nearest")
    assert text.index(f"/runs/{runs[1]}") < text.index(f"/runs/{runs[0]}")
    assert f"?a={runs[1]}&amp;b={runs[2]}" in text
    assert "<bdi>lr</bdi>" in text


@pytest.mark.parametrize(
    ("path", "code", "html"),
    [
        (
            "a.py",
            "if x == 'if':  # no",
            '<span class="word">if</span> x == <span class="text">&#x27;if&#x27;</span>',
        ),
        ("a.json", "true # x", '<span class="word">true</span> # x'),
        (
            "a.c",
            "int x; // <y>",
            '<span class="word">int</span> x; <span class="comment">// &lt;y&gt;</span>',
        ),
        ("a.txt", "if <x>", "if &lt;x&gt;"),
        ("a.py", '"""open <', '<span class="text">&quot;&quot;&quot;open &lt;</span>'),
    ],
)
def test_code_has_colors(path: str, code: str, html: str) -> None:
    assert html in syntax.colored(code, syntax.language_of(path))

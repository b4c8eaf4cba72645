"""Reading samples in the real browser: from the curve to a sample to its tokens, by pointer and by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.samples.writer import SampleWriter
from tests.folders import write_run
from tests.pages.test_accessibility_of_pages import violations
from tests.processes import Viewer
from tests.screens import fits_the_screen, screen_of
from tests.waiting import until

pytestmark = pytest.mark.journey
FIRST, SECOND, THIRD = (f"20260101_120000_aaaaa{n}" for n in (1, 2, 3))
PARTS = [{"type": "text", "text": "Which digit?"}, {"_type": "image", "path": "media/digit.png"}]
MALFORMED = {
    "id": "m",
    "messages": [None, "text", {"role": None, "content": {"a": 1}}, {"tool_calls": [None, {"function": 5}]}],
    "tool_calls": {"a": None},
    "reward": "high",
    "timing": {"a": {"start": float("inf"), "end": float("nan")}},
    "tokens": ["a", None, 5],
    "logprobs": [float("nan"), "x", -1],
}
SETS = {
    "answers": {"id": "a", "prompt": [{"role": "user", "content": PARTS}], "correct": True, "reward": 1.0},
    "empty": {"id": "b", "correct": False},
    "malformed": MALFORMED,
}
"""Sample sets of the third run, each with a sample."""
SPANS = {"generate": {"start": 0, "end": 2.5}, "tools": {"start": 1, "end": 2}}
LONG_EMOJI = "\U0001f600" * 30_000 + "THE END"
CALL = {"function": {"name": "search", "arguments": '{"q": "%s"}'}}
TRACED = {
    "id": "t",
    "messages": [
        {"role": "user", "content": LONG_EMOJI},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "4"},
    ],
    "record": {
        "timing": SPANS,
        "error": "SandboxError: <b>gone</b>",
        "scores": {"judge": {"explanation": "It found the number."}},
    },
    "tokens": ["a", "b", "<|im_end|>"],
    "logprobs": [None, -0.5, -0.25],
    "train_logprobs": [None, -1.0, -0.25],
    "loss_mask": [0, 1, 1],
    "selected_by": "torchtitan",
    "step_from": "policy version",
}
COLUMNS = {f"column{n}": 7 - n for n in range(9)}
PLAIN = [{"prompt": f"Which {n}?", "reward": n % 2, **COLUMNS, "last": -n} for n in range(4)]
HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"> \u202eevil \x1b[31m **bold** [link](javascript:alert(1))"
)
Open = Callable[..., Any]


def rollout(step: int, n: int, gain: int = 0) -> dict[str, Any]:
    tokens = [" The", " answer", " is", " 4", "<|im_end|>"] * 300
    right = float(n % 4 < step + gain)
    return {
        "id": f"q{n}",
        "group": f"g{n // 4}",
        "task": "odd" if n % 2 else "even",
        "messages": [
            {"role": "user", "content": f"Question {n}? {HOSTILE}"},
            {"role": "assistant", "reasoning_content": "thinking about it", "content": f"It is {n + gain} at step {step}."},
        ],
        "reward": right,
        "truncated": n == 5,
        "tool_calls": n % 3,
        "entropy": [abs(k % 7 - 3) / 3 for k in range(len(tokens))],
        "advantage": [(k % 5 - 2) / 2 for k in range(len(tokens))],
        "tokens": tokens,
        "token_ids": list(range(len(tokens))),
    }  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    root, home = tmp_path_factory.mktemp("samples") / "store", tmp_path_factory.mktemp("home")
    root.mkdir()
    for gain, run_id in enumerate((FIRST, SECOND)):
        write_run(
            root,
            "grpo",
            f"run{gain}",
            run_id=run_id,
            metrics=[{"reward": s / 3, "global_step": s} for s in range(4)],
        )
        with SampleWriter(root / "grpo" / f"run{gain}" / "runs" / run_id, "rollouts") as writer:
            for step in range(4):
                writer.append([rollout(step, n, gain) for n in range(16)], step=step)
    write_run(root, "grpo", "run2", run_id=THIRD)
    for name, sample in SETS.items():
        with SampleWriter(root / "grpo" / "run2" / "runs" / THIRD, name) as writer:
            writer.append([sample], step=1)
    third = root / "grpo" / "run2" / "runs" / THIRD
    with SampleWriter(third, "traced") as writer:
        writer.append([TRACED], step=7)
        called = {**TRACED, "messages": json.loads(json.dumps(TRACED["messages"]).replace("%s", "other"))}
        writer.append([called], step=8)
    with SampleWriter(third, "plain") as writer:
        writer.append(PLAIN, step=1)
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
    until(lambda: viewer.get("/api/runs?limit=1").headers["X-Total-Count"] == "3")
    yield viewer
    viewer.stop()


@pytest.fixture
def open_site(chromium: Any, site: Viewer, request: pytest.FixtureRequest) -> Iterator[Open]:
    from tests.browser import careful_page

    with ExitStack() as stack:

        def go(path: str, **options: Any) -> Any:
            page = stack.enter_context(careful_page(chromium, **screen_of(request).options, **options))
            page.goto(site.url + path)
            return page

        yield go


def rows(page: Any) -> list[str]:
    return page.locator("#samples tbody tr td:nth-child(2)").all_text_contents()


def title(page: Any) -> str:
    return (
        page.locator("#sample-document h2").inner_text()
        if page.locator("#sample-document h2").count()
        else ""
    )


def step(page: Any) -> str:
    return page.locator(".step-slider output").inner_text()


@pytest.mark.journey("wide", "middle")
def test_a_click_on_a_curve_opens_the_samples_of_its_step_and_leads_back(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}")
    area = page.locator("figure[data-name=reward] canvas").first
    area.wait_for()
    until(lambda: page.locator("figure[data-name=reward] .placeholder").count() == 0)
    box = area.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.66, box["y"] + box["height"] / 2)
    link = page.locator(".sample-link a")
    until(
        lambda: (
            (page.mouse.click(box["x"] + box["width"] * 0.66, box["y"] + box["height"] / 2), link.count())[1]
            == 1
        )
    )
    until(lambda: "Samples of step" in link.inner_text())
    target = link.get_attribute("href").rpartition("step=")[2]
    link.click()
    page.wait_for_url("**/samples?step=*")
    until(lambda: step(page) == f"Step {target}")
    page.get_by_role("link", name="On the charts").click()
    page.wait_for_url(f"**/runs/{FIRST}?at={target}")


@pytest.mark.journey("wide")
def test_only_columns_with_content_are_shown(open_site: Open, site: Viewer) -> None:
    page = open_site(f"/runs/{THIRD}/samples?set=answers")
    until(lambda: "Which digit?" in page.locator("td.prompt").inner_text())
    assert page.get_by_title("Only correct = true").inner_text() == "✓"
    assert page.locator("th.completion").count() == 0
    bar = page.locator(".distribution .bars button").first
    assert bar.bounding_box()["width"] <= 32
    page.goto(f"{site.url}/runs/{THIRD}/samples?set=empty")
    until(lambda: len(rows(page)) == 1)
    assert page.get_by_title("Only correct = false").inner_text() == "✗"
    assert page.locator("th:is(.prompt, .completion)").count() == 0


@pytest.mark.journey("wide", "middle")
def test_conditions_search_and_clicks_narrow_the_samples(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}/samples", bypass_csp=True, refused=[400])
    until(lambda: step(page) == "Step 3" and len(rows(page)) == 16)
    assert violations(page) == {} and fits_the_screen(page)
    truncated = page.get_by_title("Only truncated = ")
    assert truncated.all_inner_texts() == ["yes" if n == 5 else "no" for n in range(16)]
    assert truncated.locator(".faint").count() == 15, "that nothing is wrong does not catch the eye"
    assert "number" in page.locator("thead th").first.get_attribute("class")
    page.locator("#sample-where").fill("reward = 0 and tool_calls > 1")
    page.keyboard.press("Enter")
    until(lambda: rows(page) == ["q11"])
    page.locator("#sample-where").fill("reward <")
    page.keyboard.press("Enter")
    until(lambda: page.locator("#sample-problem").is_visible())
    page.locator("#sample-where").fill("rewrad < 1")
    page.keyboard.press("Enter")
    sentence = "No sample has the column rewrad. Did you mean reward"
    until(lambda: page.locator("#sample-problem").inner_text().startswith(sentence))
    page.locator("#sample-where").fill("")
    page.locator("#sample-text").fill('"question 7"')
    page.keyboard.press("Enter")
    until(lambda: rows(page) == ["q7"])
    assert page.locator("#sample-problem").is_hidden()
    page.locator("#sample-text").fill("")
    page.keyboard.press("Enter")
    until(lambda: len(rows(page)) == 16)
    page.locator(".distribution button").first.click()  # the lowest reward
    until(lambda: rows(page) == ["q3", "q7", "q11", "q15"])
    page.locator("#samples th button", has_text="id").click()
    until(lambda: rows(page) == ["q11", "q15", "q3", "q7"])
    page.locator("tbody button.value[title='Only id = q3']").click()
    until(lambda: rows(page) == ["q3"])
    assert 'id = "q3"' in page.locator("#sample-where").input_value()
    page.get_by_role("button", name="All steps").click()
    until(lambda: rows(page) == ["q3"] * 4)


@pytest.mark.journey("wide", "middle")
@pytest.mark.journey("phone")
def test_a_phone_shows_the_slider_and_two_distributions_at_once(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}/samples?step=2")
    until(lambda: page.locator(".sample-steps > .distribution").count() > 2)
    parts = [page.locator(".step-slider"), *page.locator(".sample-steps > .distribution").all()[:2]]
    boxes = [part.bounding_box() for part in parts]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert boxes[0]["y"] < boxes[1]["y"] == boxes[2]["y"]


@pytest.mark.journey("wide", "phone")
def test_a_phone_shows_the_texts_of_samples_and_names_their_values(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}/samples")
    row = page.locator(".sample-list tbody tr").first
    prompt = row.locator(".prompt").bounding_box()
    if page.viewport_size["width"] > 640:
        assert prompt["x"] > row.locator("td").first.bounding_box()["x"]
        return
    assert prompt["width"] > 340 and prompt["x"] + prompt["width"] <= 390
    names = row.locator("td[data-name]:visible").evaluate_all(
        "(cells) => cells.map((cell) => getComputedStyle(cell, '::before').content)"
    )
    assert {'"Step "', '"reward "'} <= set(names)


def test_curves_have_a_title_and_a_scale(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}/samples?step=2")
    curve, sample = page.locator(".step-slider .framed"), page.locator(".sample-head .framed")
    until(lambda: curve.locator("figcaption").inner_text() == "Mean reward by step")
    assert curve.locator(".y").inner_text().split() == ["0.75", "0"]
    assert curve.locator(".x").inner_text().split() == ["0", "Step", "3"]
    page.locator("#samples tbody .prompt").first.click()
    until(lambda: "Reward of this sample over 4 steps" in sample.inner_text())
    assert sample.locator(".x").inner_text().split() == ["0", "Step", "3"]
    page.get_by_role("tab", name="Tokens").click()
    course = page.locator(".tokens-view .framed")
    until(lambda: course.locator("figcaption").inner_text().startswith("entropy by position"))
    assert course.locator(".x").inner_text().split() == ["1", "Position", "1,500"]
    until(lambda: fits_the_screen(page))


def test_groups_show_their_spread_and_open(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}/samples?step=1")
    page.get_by_label("By prompt").check()
    until(lambda: page.locator("#samples tbody tr").count() == 4)
    assert "0.433" in page.locator("#samples tbody tr").first.inner_text()
    page.get_by_role("button", name="g2", exact=True).click()
    until(lambda: rows(page) == ["q8", "q9", "q10", "q11"])


@pytest.mark.journey("wide", "middle")
def test_the_keyboard_reads_samples_failures_groups_and_steps(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}/samples?step=2")
    until(lambda: len(rows(page)) == 16)
    page.keyboard.press("j")
    until(lambda: title(page) == "q0")
    until(lambda: "Reward of this sample over 4 steps" in page.locator(".sample-head").inner_text())
    page.keyboard.press("f")
    until(lambda: title(page) == "q2")  # the first with reward 0
    page.keyboard.press("g")
    until(lambda: title(page) == "q3")
    page.keyboard.press("s")
    until(lambda: step(page) == "Step 3" and title(page) == "q3")
    page.keyboard.press("p")
    until(lambda: step(page) == "Step 2" and title(page) == "q3")
    page.keyboard.press("k")
    until(lambda: title(page) == "q2")
    page.keyboard.press("+")
    until(lambda: page.locator("tr[aria-selected=true] .tag").all_text_contents() == ["good"])
    page.keyboard.press("Escape")
    until(lambda: page.locator("#sample-document").is_hidden())
    page.keyboard.press("f")
    until(lambda: title(page) != "")
    page.get_by_role("button", name="Follow over steps").click()
    until(lambda: step(page) == "All steps" and len(set(rows(page))) == 1 and len(rows(page)) == 4)


def test_any_text_is_shown_as_text(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}/samples?step=0&row=0", bypass_csp=True)
    message = page.locator(".message[data-role=user]")
    message.wait_for()
    text = message.inner_text()
    assert "<img src=x" in text and "**bold** [link](javascript:" in text
    assert "‹U+202E›" in text and "‹U+001B›" in text and "\u202e" not in page.content()
    assert page.title().startswith("Samples") and page.locator("#samples img, .message a").count() == 0
    page.locator("summary", has_text="Reasoning").click()
    until(lambda: "thinking about it" in page.locator(".conversation").inner_text())
    assert violations(page) == {}
    until(lambda: fits_the_screen(page))


@pytest.mark.journey("wide", "middle")
def test_tokens_are_coloured_and_read_in_windows(open_site: Open) -> None:
    page = open_site(f"/runs/{FIRST}/samples?step=0&row=1&tab=tokens", bypass_csp=True)
    until(lambda: page.locator(".token").count() == 1000)
    assert page.locator(".token").nth(4).text_content() == "<|im_end|>"
    assert "entropy: " in page.locator(".token").first.get_attribute("title")
    page.get_by_label("Color by").select_option("advantage")
    until(lambda: page.locator(".token").first.get_attribute("data-side") == "low")
    page.locator(".tokens-view").get_by_role("button", name="Next page").click()
    until(lambda: page.locator(".token").count() == 500)
    assert "#1001 · id 1000" in page.locator(".token").first.get_attribute("title")
    page.locator(".course").click(position={"x": 2, "y": 20})
    until(lambda: page.locator(".token").count() == 1000)
    assert violations(page) == {}
    page.keyboard.press("3")
    until(lambda: '"token_ids"' in page.locator(".sample-body").inner_text())


@pytest.mark.journey("wide", "middle")
def test_runs_are_compared_sample_by_sample_with_the_words_that_differ(open_site: Open) -> None:
    page = open_site(f"/samples-compare?runs={FIRST}@1,{SECOND}@1&name=rollouts", bypass_csp=True)
    until(lambda: page.locator(".scatter circle").count() == 16)
    assert "0 became worse, 4 better" in page.locator("#compare").inner_text()
    assert "→ run0 · Step 1   ↑ run1 · Step 1" in page.locator(".compare-parts .faint").first.text_content()
    assert "interval" in page.locator(".verdict").inner_text()
    assert page.locator(".tasks tbody th").all_text_contents() == ["even", "odd"]
    means = page.locator(".tasks tbody td").all_text_contents()
    assert len(means) == 4 and all(" ± " in mean for mean in means)
    page.locator(".turned tbody button").first.click()
    until(lambda: page.locator(".side-by-side section").count() == 2)
    until(lambda: page.locator(".side-by-side ins").all_text_contents() == ["2"])
    assert page.locator(".side-by-side del").all_text_contents() == ["1"]
    assert violations(page) == {}


def test_a_recorded_rollout_shows_its_judge_error_timeline_and_where_its_step_is_from(
    open_site: Open,
) -> None:
    page = open_site(f"/runs/{THIRD}/samples?set=traced&row=0&step=7", bypass_csp=True)
    page.locator(".timeline li").first.wait_for()
    text = page.locator(".conversation").inner_text()
    assert "SandboxError: <b>gone</b>" in text and "It found the number." in text
    assert page.locator(".timeline bdi").all_text_contents() == ["generate", "tools"]
    assert page.locator(".timeline .number").all_text_contents() == ["2.5 s", "1 s"]
    page.locator("summary", has_text="Call search").click()
    assert step(page) == "Step 7 from policy version"
    assert "1–1 of 1 samples, selected by torchtitan" in page.locator("#sample-count").inner_text()
    assert violations(page) == {} and fits_the_screen(page)
    page.get_by_role("article").get_by_role("link", name="On the charts").click()
    page.wait_for_url(f"**/runs/{THIRD}?at=7")


def test_all_of_a_long_text_of_emoji_is_shown(open_site: Open) -> None:
    page = open_site(f"/runs/{THIRD}/samples?set=traced&row=0")
    more = page.get_by_role("button", name="Show more")
    until(lambda: "(20,000 of 30,007 characters)" in more.inner_text())
    more.click()
    until(lambda: more.count() == 0)
    text = page.locator(".message[data-role=user] pre").inner_text()
    assert text == LONG_EMOJI


@pytest.mark.journey("wide", "middle")
def test_tokens_are_coloured_by_the_difference_to_the_trainer_and_masked_ones_are_dimmed(
    open_site: Open,
) -> None:
    page = open_site(f"/runs/{THIRD}/samples?set=traced&row=0&tab=tokens")
    tokens = page.locator(".token")
    until(lambda: tokens.count() == 3)
    offered = page.get_by_label("Color by").locator("option").all_text_contents()
    assert set(offered) == {"logprobs", "train_logprobs", "difference", "importance_ratio", "loss_mask"}
    page.get_by_label("Color by").select_option("difference")
    until(lambda: tokens.nth(1).get_attribute("data-side") == "low")
    assert tokens.first.get_attribute("data-side") == "none", "an unknown value is not zero"
    assert (
        tokens.first.get_attribute("data-masked") == "" and tokens.nth(1).get_attribute("data-masked") is None
    )
    tooltip = tokens.nth(1).get_attribute("title")
    assert (
        "difference: −0.5" in tooltip and "importance_ratio: 0.6065" in tooltip and "loss_mask: 1" in tooltip
    )


@pytest.mark.journey("wide", "middle")
def test_samples_are_sorted_by_a_column_that_the_table_has_no_room_for(open_site: Open) -> None:
    page = open_site(f"/runs/{THIRD}/samples?set=plain")
    prompts = page.locator("#samples td.prompt")
    until(lambda: prompts.count() == 4)
    assert page.locator("#samples th", has_text="last").count() == 0
    page.get_by_label("Sort by", exact=True).select_option("last")
    until(lambda: prompts.all_text_contents() == ["Which 3?", "Which 2?", "Which 1?", "Which 0?"])
    page.locator("#samples th button", has_text="last").click()
    until(lambda: prompts.first.text_content() == "Which 0?")


def test_a_sample_without_id_and_group_is_opened_from_the_list_by_prompt(open_site: Open) -> None:
    page = open_site(f"/runs/{THIRD}/samples?set=plain")
    page.get_by_label("By prompt").check()
    page.get_by_role("button", name="Which 2?", exact=True).click()
    until(lambda: page.locator("#samples td.prompt").all_text_contents() == ["Which 2?"])


@pytest.mark.journey("wide", "middle")
def test_a_malformed_sample_is_listed_and_opened(open_site: Open) -> None:
    page = open_site(f"/runs/{THIRD}/samples?set=malformed")
    until(lambda: rows(page) == ["m"])
    page.keyboard.press("j")
    until(lambda: page.locator(".message").count() == 4)
    page.keyboard.press("2")
    until(lambda: page.locator(".token").count() == 3)
    assert page.locator("#sample-problem").is_hidden()


@pytest.mark.journey("wide", "middle")
def test_tool_calls_that_differ_are_seen_side_by_side(open_site: Open) -> None:
    page = open_site(f"/samples-compare?runs={THIRD}@7,{THIRD}@8&name=traced&sample=t")
    until(lambda: page.locator(".side-by-side ins").all_text_contents() == ["other"])
    assert "search" in page.locator(".side-by-side").inner_text()
    assert "null" not in page.locator(".side-by-side").inner_text()


def test_both_pages_fit_in_chinese(open_site: Open, site: Viewer) -> None:
    page = open_site(f"/runs/{FIRST}/samples?step=1&row=1", locale="zh-CN", bypass_csp=True)
    page.locator(".message").first.wait_for()
    until(lambda: page.evaluate("document.getElementById('samples').ariaBusy") == "false")
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    until(lambda: fits_the_screen(page))
    assert violations(page) == {}
    texts = page.locator(".sample-head, .sample-tabs, .samples-bar :is(.button, .tick)").all_inner_texts()
    english = re.findall(
        r"[A-Za-z]{4,}", re.sub(r"rollouts|reward|truncated|advantage|false", "", " ".join(texts))
    )
    assert not english
    page.goto(f"{site.url}/samples-compare?runs={FIRST}@1,{SECOND}@1&name=rollouts&sample=q1")
    page.locator(".side-by-side section").first.wait_for()
    until(lambda: fits_the_screen(page))
    assert violations(page) == {}


def test_a_sample_that_is_written_now_appears(open_site: Open, site: Viewer) -> None:
    page = open_site(f"/runs/{SECOND}/samples")
    until(lambda: step(page).startswith("Step "))
    until(lambda: page.evaluate("document.getElementById('samples').ariaBusy") == "false")
    # The run is the same on every screen, and has the steps that were written on the earlier ones.
    last = int(step(page).removeprefix("Step "))
    root = Path(site.root)
    with SampleWriter(root / "grpo" / "run1" / "runs" / SECOND, "rollouts") as writer:
        until(
            lambda: writer.append([rollout(9, 1)], step=last + 6) and step(page) == f"Step {last + 6}",
            timeout=20,
            pause=5,
        )

"""What the joined module does is what the modules do, run by a real engine; what cannot be joined is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from runicorn_site.assets.module_bundle import NotPlain, in_order, joined

FILES = {
    "js/page.js": 'import { add, LIMIT as most } from "./deep/sum.js";\nimport { Box } from "./box.js";\n'
    "window.answer = [add(1, 2), most, new Box(4).doubled, window.ran];\n",
    "js/box.js": 'import { add } from "./deep/sum.js";\n\nexport class Box {\n  constructor(side) {\n'
    "    this.side = side;\n  }\n\n  get doubled() {\n    return add(this.side, this.side);\n  }\n}\n",
    "js/deep/sum.js": 'import "../first.js";\n\nexport const LIMIT = 9;\n\n/** export nothing */\n'
    "export function add(a, b) {\n  return a + b;\n}\n\nfunction hidden() {}\n",
    "js/first.js": "window.ran = (window.ran ?? 0) + 1;\n",
}


def together(files: Mapping[str, str], *names: str) -> str:
    return joined((name, files[name]) for name in in_order(names, files.__getitem__))


def test_each_module_runs_once_and_after_its_imports(chromium: Any) -> None:
    assert in_order(["js/page.js"], FILES.__getitem__) == (
        "js/first.js",
        "js/deep/sum.js",
        "js/box.js",
        "js/page.js",
    )
    page = chromium.new_page()
    page.add_script_tag(content=together(FILES, "js/page.js", "js/box.js"), type="module")
    page.wait_for_function("window.answer")
    assert page.evaluate("window.answer") == [3, 9, 8, 1]
    assert page.evaluate("typeof hidden") == "undefined"
    page.close()


def test_a_bundle_that_is_loaded_later_shares_the_modules_that_have_run(chromium: Any) -> None:
    page = chromium.new_page()
    page.add_script_tag(content=together(FILES, "js/box.js"), type="module")
    page.wait_for_function("window.ran")
    code = together(FILES, "js/page.js")
    results = page.evaluate(
        """async (code) => {
            const { default: modules } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
            return [window.ran, window.answer, modules["js/deep/sum.js"].add(2, 3)];
        }""",
        code,
    )
    assert results == [1, [3, 9, 8, 1], 5]
    page.close()


def test_lines_of_comments_are_empty_and_all_code_keeps_its_line() -> None:
    code = [
        "/**",
        " * A module; /* nested.",
        " */",
        "",
        "/** One line. */",
        'const address = "https://example.org"; // beside code',
        "  // alone",
        "const both = /* inside */ 1; /* after */",
        "/* before */ const more = 2; /*",
        "*/",
    ]
    text = joined([("js/odd.js", "\n".join(code))])
    lines = text.splitlines()[2 : 2 + len(code)]
    assert lines == ["", "", "", "", "", code[5], "", *code[7:]]


def test_indentation_is_left_out() -> None:
    text = joined([("js/deep.js", "function nested() {\n  if (true) {\n    return await one();\n  }\n}\n")])
    assert "\nreturn await one();\n}\n}\n" in text


@pytest.mark.parametrize(
    "line",
    [
        "export default 1;",
        "export { a };",
        'export * from "./first.js";',
        "export let count = 0;",
        'import first from "./first.js";',
        'import * as first from "./first.js";',
        'const first = await import("./first.js");',
        "const here = import.meta.url;",
        "await 1;",
    ],
)
def test_unsupported_syntax_is_refused(line: str) -> None:
    with pytest.raises(NotPlain, match=r"js/odd\.js"):
        together({"js/odd.js": f"const a = 1;\n{line}\n", "js/first.js": ""}, "js/odd.js")


def test_an_import_cycle_is_refused() -> None:
    files = {"js/a.js": 'import { b } from "./b.js";\n', "js/b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(NotPlain, match=r"js/a\.js imports js/b\.js imports js/a\.js"):
        together(files, "js/a.js")

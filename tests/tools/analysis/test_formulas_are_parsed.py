"""Grammar of formulas; their values are tested in tests/server/metrics/test_formulas.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runicorn_tools.analysis.formulas import (
    BadFormula,
    Binary,
    Call,
    Metric,
    Negative,
    Number,
    metrics,
    parse,
    varying,
)

A, B, TWO = Metric("a"), Metric("b"), Number(2.0)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a - b", Binary("-", A, B)),
        ("a-b*2", Binary("-", A, Binary("*", B, TWO))),
        ("(a-b)*2", Binary("*", Binary("-", A, B), TWO)),
        ("a - b - 2", Binary("-", Binary("-", A, B), TWO)),
        ("-a^2", Negative(Binary("^", A, TWO))),
        ("a ** -2", Binary("^", A, Negative(TWO))),
        ("2^a^b", Binary("^", TWO, Binary("^", A, B))),
        ("--a", A),
        ("a / b", Binary("/", A, B)),
        ("a/b", Metric("a/b")),
        ("a/2", Binary("/", A, TWO)),
        ("val/loss.x - '2 words'", Binary("-", Metric("val/loss.x"), Metric("2 words"))),
        ('"a \\"b\\""', Metric('a "b"')),
        ("损失 * 2", Binary("*", Metric("损失"), TWO)),
        ("ema(a, .5)", Call("ema", (A, Number(0.5)))),
        ("a / first(a)", Binary("/", A, Call("first", (A,)))),
        ("clip(a, 0, max(b))", Call("clip", (A, Number(0.0), Call("max", (B,))))),
        ("min", Metric("min")),
        ("1e-3 * a", Binary("*", Number(1e-3), A)),
    ],
)
def test_each_form_is_parsed(text: str, tree: object) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a number or a metric at position 1"),
        ("a -", "expected a number or a metric at position 4"),
        ("a b", "expected an operator at position 3"),
        ("(a", "expected ')' at position 3"),
        ("a $ b", "unexpected '$' at position 3"),
        ("f(a)", "unknown function 'f' (there are "),
        ("__import__('os')", "unknown function '__import__'"),
        ("a.__class__()", "unknown function 'a.__class__'"),
        ("ema(a)", "ema has 2 arguments at position 1"),
        ("ema(a, 1)", "the weight of ema must be a number from 0 to below 1 at position 1"),
        ("first(a + b)", "first needs the name of a metric at position 1"),
        ("clip(a, b, 1)", "clip needs numbers after the first argument at position 1"),
        ("2 + 2", "a formula needs a metric at position 1"),
        ("a +" * 200 + "a", "more than 100 numbers and metrics"),
        ("(" * 31 + "a" + ")" * 31, "nested more than 30 deep"),
        ("a^" * 40 + "a", "nested more than 30 deep"),
        ("a" * 1001, "longer than 1000 characters"),
        ("'" + "a" * 256 + "'", "a name has 1 to 255 characters at position 1"),
        ("'' + 1", "a name has 1 to 255 characters at position 1"),
        ("[a for a in b]", "unexpected '[' at position 1"),
        ("a; b", "unexpected ';' at position 2"),
    ],
)
def test_malformed_formulas_name_the_position(text: str, problem: str) -> None:
    with pytest.raises(BadFormula) as refusal:
        parse(text)
    assert problem in str(refusal.value)


@given(st.text(max_size=200) | st.text(alphabet="ab12.()+-*/^, '\"", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        tree = parse(text)
    except BadFormula as error:
        assert 1 <= error.position <= len(text) + 1
    else:
        assert metrics(tree)


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        *((text, "a") for text in ("a", "-a", "2 * a + 1", "log10(a)", "a / first(a)", "1 - a / max(b)")),
        *((text, "a") for text in ("exp(a / 3)", "a * min(b)")),
        *((text, None) for text in ("a - b", "a * a", "abs(a)", "ema(a, 0.5)", "1 / a", "a ^ 2", "rate(a)")),
    ],
)
def test_formulas_that_are_monotone_in_one_metric_are_recognized(text: str, metric: str | None) -> None:
    variable = varying(parse(text))
    assert (variable and variable.name) == metric

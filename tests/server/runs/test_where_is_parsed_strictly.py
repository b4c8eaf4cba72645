"""Grammar of `where` conditions; their meaning is tested in test_where_conditions_find_runs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs.query.where.ast import All, Comparison, Either, Field, Kind, Node, Not
from runs.query.where.parser import BadWhere, parse

LR = Field(Kind.CONFIG, "lr")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("config.lr<0.01", Comparison(LR, "<", (0.01,))),
        ("  config.lr  >=  1e-3  ", Comparison(LR, ">=", (1e-3,))),
        ("config.lr == -.5", Comparison(LR, "=", (-0.5,))),
        ("config.lr = '0.5'", Comparison(LR, "=", ("0.5",))),
        ("config.lr=True", Comparison(LR, "=", ("true",))),
        ("config.lr='True'", Comparison(LR, "=", ("True",))),
        ("config.lr in (1, two, 'th,ree')", Comparison(LR, "in", (1.0, "two", "th,ree"))),
        ("config.lr contains 1", Comparison(LR, "contains", ("1",))),
        ("metric.val_acc.best > 0.9", Comparison(Field(Kind.METRIC, "val_acc", "best"), ">", (0.9,))),
        ("metric.val/loss > 0", Comparison(Field(Kind.METRIC, "val/loss", "last"), ">", (0.0,))),
        ("metric.a.b.min > 0", Comparison(Field(Kind.METRIC, "a.b", "minimum"), ">", (0.0,))),
        ("metric.'a b'.max = 1", Comparison(Field(Kind.METRIC, "a b", "maximum"), "=", (1.0,))),
        ("metric.'loss.best' = 1", Comparison(Field(Kind.METRIC, "loss.best", "last"), "=", (1.0,))),
        ("metric.best < 1", Comparison(Field(Kind.METRIC, "best", "last"), "<", (1.0,))),
        (r'config."a \"b\" \\" exists', Comparison(Field(Kind.CONFIG, 'a "b" \\'), "exists")),
        ("tags contains baseline", Comparison(Field(Kind.TAGS, "tags"), "contains", ("baseline",))),
        ("created_at > 2026-01-02", Comparison(Field(Kind.TIME, "created"), ">", (1767312000.0,))),
        (
            "created_at>2026-01-02T00:00:00+01:00",
            Comparison(Field(Kind.TIME, "created"), ">", (1767308400.0,)),
        ),
        ("created_at > 5", Comparison(Field(Kind.TIME, "created"), ">", (5.0,))),
        ("pinned = true", Comparison(Field(Kind.FLAG, "pinned"), "=", (True,))),
        ("config.lr is null", Not(Comparison(LR, "exists"))),
        ("config.lr IS NOT NULL", Comparison(LR, "exists")),
        ("config.lr not in (1)", Not(Comparison(LR, "in", (1.0,)))),
        ("name = 'and'", Comparison(Field(Kind.TEXT, "name"), "=", ("and",))),
        ("name = ''", Comparison(Field(Kind.TEXT, "name"), "=", ("",))),
        ('name ~ "ab.*"', Comparison(Field(Kind.TEXT, "name"), "~", ("ab.*",))),
        (r"""name ~ "\d+\"" """, Comparison(Field(Kind.TEXT, "name"), "~", ('\\d+"',))),
        ("name ~'a|b'", Comparison(Field(Kind.TEXT, "name"), "~", ("a|b",))),
        ("config.path = ~/data", Comparison(Field(Kind.CONFIG, "path"), "=", ("~/data",))),
    ],
)
def test_each_comparison_is_parsed(text: str, tree: Node) -> None:
    assert parse(text) == tree


def test_and_binds_more_than_or_and_not_most() -> None:
    a, b, c = (Comparison(LR, "=", (float(number),)) for number in (1, 2, 3))
    assert parse("config.lr=1 or config.lr=2 and config.lr=3") == Either((a, All((b, c))))
    assert parse("(config.lr=1 OR config.lr=2) and not config.lr=3") == All((Either((a, b)), Not(c)))
    assert parse("not (config.lr=1 and config.lr=2)") == Not(All((a, b)))
    assert parse("config.lr=1 and config.lr=2 and config.lr=3") == All((a, b, c))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "expected a field at position 1"),
        ("config.lr <", "expected a value at position 12"),
        ("config.lr < and", "expected a number at position 13"),
        ("config.lr", "expected a comparison at position 10"),
        ("config.lr 5", "expected a comparison at position 11"),
        ("config.lr = 5 5", "expected 'and', 'or' or the end at position 15"),
        ("config.lr = 5 ''", "expected 'and', 'or' or the end at position 15"),
        ("config. = 5", "unknown field 'config.' at position 1"),
        ("metric. = 5", "unknown field 'metric.' at position 1"),
        ("password = 5", "unknown field 'password' at position 1"),
        ("(config.lr = 5", "expected ')' at position 15"),
        ("config.lr = 5)", "expected 'and', 'or' or the end at position 14"),
        ("config.lr in 5", "expected '(' at position 14"),
        ("config.lr in ()", "expected a value at position 15"),
        ("config.lr in (1 2)", "expected ')' at position 17"),
        ("config.lr not < 5", "expected 'in' at position 15"),
        ("config.lr is 5", "expected 'null' at position 14"),
        ("config.lr = null", "expected a value (use 'is null' for missing values) at position 13"),
        ("config.lr = 'a", "unclosed quotation mark at position 13"),
        ("config.lr ! 5", "unexpected '!' at position 11"),
        ("metric.loss < high", "expected a number at position 15"),
        ("metric.loss < '1'", "expected a number at position 15"),
        ("metric.loss < 1e999", "expected a number at position 15"),
        ("metric.loss < nan", "expected a number at position 15"),
        ("metric.loss contains 1", "this field supports only"),
        ("duration = long", "expected a number at position 12"),
        ("created_at > soon", "expected Unix seconds or a date"),
        ("pinned = 1", "expected true or false at position 10"),
        ("status < 5", "this field supports only !=, =, contains, exists, in, ~ at position 8"),
        ("tags != a", "this field supports only =, contains, exists, in at position 6"),
        ("name = 'a\0'", "a character that values cannot contain at position 8"),
        ("config.lr = 5" + " " * 2000, "longer than 2000 characters"),
        ("(" * 500, "nested more than 20 deep at position 21"),
        ("not " * 400, "nested more than 20 deep at position 81"),
        (" or ".join(["name = a"] * 51), "more than 50 comparisons at position 601"),
        (f"name in ({','.join('a' * 101)})", "more than 100 values"),
        (f"config.{'k' * 256} = 1", "unknown field"),
    ],
)
def test_errors_name_their_position(text: str, sentence: str) -> None:
    with pytest.raises(BadWhere) as caught:
        parse(text)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("where: ")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text()
    | st.lists(
        st.sampled_from([*"()=,<>!'\"", "and", "or", "not", "in", "is", "null", "config.a", "name", "1", " "])
    ).map(" ".join)
)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
    except BadWhere as error:
        assert "at position" in str(error)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(a+)+b", "repeats a repeated part"),
        ("(a|a)*b", "conditions do not support"),
        ("a*a*a*b", "too many parts"),
        ("(?=a)b", "conditions do not support"),
        (r"(a)\1", "conditions do not support"),
        ("[", "malformed regular expression"),
        ("a" * 201, "at most 200 characters"),
        ("(a{1,9}){2,9}", "repeats a repeated part"),
        (
            "(((((((((((((((((((((((((((((((a)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?)?",
            "too many",
        ),
    ],
)
def test_regular_expressions_that_may_take_long_are_refused(pattern: str, problem: str) -> None:
    with pytest.raises(BadWhere, match=problem) as refusal:
        parse(f'name ~ "{pattern}"')
    assert refusal.value.position == 8
    with pytest.raises(BadWhere, match="too long for a regular expression"):
        parse("description ~ a")
    with pytest.raises(BadWhere, match="supports only"):
        parse("config.lr ~ a")


@pytest.mark.parametrize(
    "pattern", ["^resnet(18|50)-.*lr.*$", "a.*b", "x(ab)?", r"^\d+-\w+-.*$", "[a-z]{3}", "a|b"]
)
def test_usual_regular_expressions_are_accepted(pattern: str) -> None:
    assert parse(f'name ~ "{pattern}"')

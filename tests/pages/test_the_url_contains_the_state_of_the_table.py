"""Two equal states of the runs table have one address, and nonsense in an address counts as nothing."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from runs.pages.table.columns import COLUMNS, DEFAULT_COLUMNS, is_added
from runs.pages.table.state import TableState, group_of, normalize_columns
from runs.query.sort_keys import metric_of

text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
name = text.filter(bool)
columns = st.builds("metric.{}.{}".format, name, st.sampled_from(["last", "best", "min", "max"]))
states = st.builds(
    TableState,
    search=text.map(str.strip),
    project=text,
    statuses=st.lists(name, max_size=3, unique=True).map(tuple),
    tags=st.lists(name, max_size=3, unique=True).map(tuple),
    where=text.map(str.strip),
    archived=st.booleans(),
    columns=st.lists(
        st.sampled_from(list(COLUMNS)) | columns | st.builds("config.{}".format, name), max_size=30
    ).map(normalize_columns),
    sort=st.sampled_from(["-created", "name", "-best", "metric.a.b.max", "-config.lr"]),
    page=st.integers(1, 999),
    size=st.sampled_from([50, 100, 200]),
)


@given(states)
def test_an_address_leads_back_to_its_state(state: TableState) -> None:
    assert TableState.read(QueryDict(state.query)) == state


@given(st.text())
def test_any_address_can_be_read(query: str) -> None:
    state = TableState.read(QueryDict(query.encode("utf-8", "replace").decode()))
    assert TableState.read(QueryDict(state.query)) == state


@given(states, st.lists(st.sampled_from(DEFAULT_COLUMNS), min_size=1).map(normalize_columns))
def test_a_url_means_the_same_to_a_user_with_other_columns(
    state: TableState, preferred: tuple[str, ...]
) -> None:
    assert TableState.read(QueryDict(state.whole_query), preferred).columns == state.columns
    own = TableState.read(QueryDict(state.query), preferred)
    assert TableState.read(QueryDict(own.query), preferred) == own


def test_added_columns_stand_before_the_step_and_others_where_they_are_put() -> None:
    usual = TableState.read(QueryDict("col=config.lr&col=metric.loss.min"))
    assert usual.columns[5:8] == ("config.lr", "metric.loss.min", "step")
    assert usual.query == "col=config.lr&col=metric.loss.min"
    chosen = TableState.read(QueryDict("col=created&col=name&col=config.lr"))
    assert chosen.columns == ("created", "name", "config.lr")
    assert TableState.read(QueryDict("col=created")).columns == ("name", "created")
    assert TableState.read(QueryDict(""), ["created", "nonsense"]).columns == ("name", "created")
    assert TableState.read(QueryDict("add=host"), ["created", "step"]).columns == (
        "name",
        "created",
        "host",
        "step",
    )


def test_the_default_state_has_the_shortest_url() -> None:
    assert TableState().address == "/"
    assert (
        TableState.read(QueryDict("q=&project=&status=&sort=-created&page=1&size=50&foreign=1")).address
        == "/"
    )


def test_invalid_parameters_are_ignored() -> None:
    odd = TableState.read(QueryDict("sort=drop+table&page=-3&size=7&col=metric.loss&col=x&q=%00a"))
    assert odd == TableState(search="a")


@pytest.mark.parametrize(
    ("query", "sorts"),
    [
        ("group=project&sort=-n,name", ("-n", "name")),
        ("group=project&sort=-n,name&layout=charts", ("name",)),
        ("group=project&sort=n&layout=charts", ("-created",)),
        ("group=bogus&sort=-failed", ("-created",)),
        ("sort=n", ("-created",)),
    ],
)
def test_only_rows_of_groups_are_sorted_by_the_number_of_runs(query: str, sorts: tuple[str, ...]) -> None:
    state = TableState.read(QueryDict(query))
    assert state.sorts == sorts
    assert (state.key, state.descending) == (sorts[0].removeprefix("-"), sorts[0].startswith("-"))
    assert TableState.read(QueryDict(state.query)) == state


def test_a_malformed_group_is_no_group() -> None:
    for text in ("[" * 2000, "[" * 1000 + "]" * 1000, "[[1]]", "{}", "", "]"):
        assert group_of(text) == ((), 1)


def test_a_change_begins_at_the_first_page() -> None:
    assert TableState(page=4).but(project="p").page == 1


def test_names_of_metrics_may_hold_dots() -> None:
    assert is_added("metric.a.b.max")
    assert metric_of("metric.a.b.max") == ("a.b", "max")
    assert not is_added("metric.max") and not is_added("metric..last")
    assert TableState.read(QueryDict("sort=metric..last&col=metric..last")) == TableState()
    assert not is_added("config.")

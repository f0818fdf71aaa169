"""Requests become columns and come back, and values of the wrong kind are refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwether_training.table import requests_of, table_of

KINDS = {"n": "number", "c": "category", "m": "category_or_number", "d": "date"}

requests = st.fixed_dictionaries(
    {},
    optional={
        "n": st.floats(allow_nan=False, allow_infinity=False),
        "c": st.text('aé✓ "\\\n', min_size=1, max_size=4),
        "d": st.dates().map(str),
    },
)


@given(st.lists(requests, max_size=5))
def test_requests_survive_the_table_and_json_unchanged(rows):
    again = requests_of(table_of(rows, KINDS)) if rows else []
    assert json.loads(json.dumps(again)) == rows


def test_absent_null_and_empty_are_missing():
    table = table_of([{}, {"n": None, "c": None, "d": None}, {"c": "", "d": ""}], KINDS)
    assert np.isnan(table["n"]).all()
    assert set(table["c"]) == set(table["d"]) == {""}


def test_a_number_is_taken_as_its_decimal_text_where_that_is_allowed():
    assert table_of([{"m": 3}, {"m": 2.5}, {"m": "x"}], KINDS)["m"].tolist() == ["3", "2.5", "x"]


@pytest.mark.parametrize(
    "request_",
    [
        {"n": "1"},
        {"n": True},
        {"n": float("inf")},
        {"c": 3},
        {"c": "nul\0"},
        {"m": True},
        {"d": "2020-1-1"},
        {"d": "2021-02-29"},
        {"d": "20200101"},
        {"d": 20200101},
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_inputs_name(request_):
    with pytest.raises(ValueError, match=f"^{next(iter(request_))}: "):
        table_of([request_], KINDS)

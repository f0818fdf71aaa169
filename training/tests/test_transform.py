"""The transform, step by step on rows made by hand, and the laws it keeps on any row."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwether_training.features import Categorical, Date, FeatureSpec, Levels, Numeric, Ratio, transform
from bellwether_training.table import table_of

HANDS = Levels({"left": 3, "right": None, "missing": 4, "sparse_combined": 5}, rare=("both",))
SPEC = FeatureSpec(
    (
        Numeric("a", 0, clip_min=0.0, log=False, fill=2.0, mean=1.0, std=2.0),
        Numeric("b", 1, clip_min=None, log=True, fill=0.5, mean=0.0, std=1.0),
        Ratio("a_by_b", "a", "b", 2, log=False, fill=-1.0, mean=0.0, std=1.0),
        Numeric("dropped", None, None, False, 0.0, 0.0, 1.0),
        Categorical("hand", HANDS),
        Categorical("bare", Levels({"yes": 6}), accept_numbers=True),
        Date("day", Levels({"q1": 7, "q4": 8}), Levels({"2020": 9, "missing": 10})),
    ),
    11,
)


def row(**request: object) -> np.ndarray:
    matrix = transform(SPEC, table_of([request], SPEC.kinds()))
    assert matrix.dtype == np.float32
    return matrix[0]


def column(number: int, **request: object) -> float:
    return float(row(**request)[number])


def test_a_missing_number_takes_the_fill():
    assert column(0) == (2.0 - 1.0) / 2.0
    assert column(1) == 0.5


def test_a_number_below_the_clip_is_raised_to_it():
    assert column(0, a=-7.0) == (0.0 - 1.0) / 2.0


def test_a_number_is_scaled():
    assert column(0, a=5.0) == 2.0


def test_a_logarithm_is_natural():
    assert column(1, b=10.0) == np.float32(math.log(10.0))


def test_the_logarithm_of_zero_becomes_zero_and_of_a_negative_number_the_fill():
    assert column(1, b=0.0) == 0.0
    assert column(1, b=-3.0) == 0.5


def test_a_ratio_divides_after_the_clip_and_before_the_log():
    assert column(2, a=6.0, b=4.0) == 1.5
    assert column(2, a=-6.0, b=4.0) == 0.0


def test_a_ratio_by_zero_becomes_zero_and_zero_by_zero_the_fill():
    assert column(2, a=1.0, b=0.0) == 0.0
    assert column(2, a=1.0, b=-0.0) == 0.0
    assert column(2, a=0.0, b=0.0) == -1.0


def test_a_ratio_with_a_missing_side_takes_the_fill():
    assert column(2, a=1.0) == column(2, b=1.0) == -1.0


def test_a_huge_number_is_limited():
    assert column(0, a=1.7e308) == 1e6
    assert column(2, a=1e9, b=-0.1) == -1e6


def test_a_level_fills_its_column_alone():
    assert row(hand="left")[3:6].tolist() == [1, 0, 0]


def test_a_dropped_level_leaves_all_columns_zero():
    assert row(hand="right")[3:6].tolist() == [0, 0, 0]


def test_a_missing_level_is_the_level_missing():
    assert row()[3:6].tolist() == row(hand="").tolist()[3:6] == row(hand="missing")[3:6].tolist() == [0, 1, 0]


def test_a_rare_or_unseen_level_is_sparse_combined():
    assert row(hand="both")[3:6].tolist() == row(hand="third")[3:6].tolist() == [0, 0, 1]


def test_without_sparse_combined_unseen_and_missing_levels_stay_zero():
    assert row(bare="no")[6] == row()[6] == 0


def test_a_date_gives_its_quarter_and_its_year():
    assert row(day="2020-03-31")[7:].tolist() == [1, 0, 1, 0]
    assert row(day="2020-10-01")[7:].tolist() == [0, 1, 1, 0]
    assert row(day="1900-06-30")[7:].tolist() == [0, 0, 0, 0]
    assert row()[7:].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(("month", "quarter"), [(m, (m - 1) // 3 + 1) for m in range(1, 13)])
def test_every_month_lies_in_its_quarter(month, quarter):
    levels = Levels({f"q{number}": number - 1 for number in range(1, 5)})
    spec = FeatureSpec((Date("day", levels, Levels({})),), 4)
    matrix = transform(spec, table_of([{"day": f"2021-{month:02}-01"}], spec.kinds()))
    assert matrix[0].tolist() == [float(number == quarter) for number in range(1, 5)]


numbers = st.floats(allow_nan=False, allow_infinity=False)
any_request = st.fixed_dictionaries(
    {},
    optional={
        "a": numbers,
        "b": numbers,
        "dropped": numbers,
        "hand": st.sampled_from(["left", "right", "both", "missing", "?", ""]),
        "bare": st.sampled_from(["yes", "no", 3]),
        "day": st.dates().map(str),
    },
)


@given(st.lists(any_request, min_size=1, max_size=4))
def test_no_matrix_holds_nan_or_more_than_the_limit(requests):
    matrix = transform(SPEC, table_of(requests, SPEC.kinds()))
    assert np.isfinite(matrix).all()
    assert np.abs(matrix).max() <= 1e6


@given(st.lists(any_request, min_size=1, max_size=4))
def test_a_row_does_not_depend_on_the_rows_beside_it(requests):
    together = transform(SPEC, table_of(requests, SPEC.kinds()))
    alone = [transform(SPEC, table_of([request], SPEC.kinds()))[0] for request in requests]
    assert (together == np.array(alone)).all()


@given(any_request)
def test_a_category_fills_at_most_one_column(request_):
    assert row(**request_)[3:6].sum() <= 1


@given(any_request)
def test_a_spec_that_was_written_and_read_gives_the_same_row(request_):
    again = FeatureSpec.from_manifest(SPEC.to_manifest(), SPEC.columns)
    assert again == SPEC
    assert (transform(again, table_of([request_], again.kinds()))[0] == row(**request_)).all()

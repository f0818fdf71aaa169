"""Fitting finds fills, scales and levels as the format means them, and drops the weakest columns."""

import numpy as np
import pytest

from bellwether_training.features import Categorical, FeaturePlan, NumericPlan, RatioPlan, fit_features, transform
from bellwether_training.features.spec import Date
from bellwether_training.table import table_of


def fit(plan: FeaturePlan, requests: list[dict], labels: list[int] | None = None):
    labels = [number % 2 for number in range(len(requests))] if labels is None else labels
    return fit_features(plan, table_of(requests, plan.kinds()), np.array(labels))


def test_the_fill_is_the_mean_of_what_is_there_and_scaling_counts_the_filled():
    spec = fit(FeaturePlan(numeric=(NumericPlan("a"),)), [{"a": 1.0}, {"a": 3.0}, {}, {}])
    (feature,) = spec.features
    assert (feature.fill, feature.mean, feature.std) == (2.0, 2.0, 0.5**0.5)


def test_clip_and_log_come_before_the_mean():
    spec = fit(FeaturePlan(numeric=(NumericPlan("a", clip_min=1.0, log=True),)), [{"a": -5.0}, {"a": float(np.e)}])
    assert spec.features[0].mean == pytest.approx(0.5)


def test_a_constant_or_absent_number_is_scaled_by_one():
    spec = fit(FeaturePlan(numeric=(NumericPlan("a"), NumericPlan("b"))), [{"a": 4.0}, {"a": 4.0}])
    assert [(feature.fill, feature.std) for feature in spec.features] == [(4.0, 1.0), (0.0, 1.0)]


def test_a_fitted_column_has_mean_zero_and_deviation_one(bench):
    kept = [feature.column for feature in bench.spec.features if getattr(feature, "column", None) is not None]
    columns = bench.matrix[:, kept].astype(np.float64)
    assert np.abs(columns.mean(axis=0)).max() < 1e-5
    assert columns.std(axis=0) == pytest.approx(1, abs=1e-5)


def test_levels_at_or_under_the_share_are_combined_and_one_above_is_kept():
    requests = [{"c": "often"}] * 1995 + [{"c": "two"}] * 2 + [{"c": "three"}] * 3
    (feature,) = fit(FeaturePlan(categorical=("c",), rare_share=0.001), requests).features
    assert list(feature.levels.columns) == ["often", "three", "sparse_combined"]
    assert feature.levels.rare == ("two",)


def test_missing_is_a_level_like_any_other_and_may_be_rare():
    requests = [{"c": "x"}, {"c": "y"}] * 1000 + [{}]
    (feature,) = fit(FeaturePlan(categorical=("c",)), requests).features
    assert feature.levels.rare == ("missing",)
    assert feature.levels.column_of("") == feature.levels.columns["sparse_combined"]


def test_without_rare_levels_there_is_no_sparse_combined():
    (feature,) = fit(FeaturePlan(categorical=("c",)), [{"c": "x"}, {"c": "y"}] * 5).features
    assert list(feature.levels.columns) == ["x", "y"]


def test_the_strongest_columns_are_kept_and_the_rest_have_no_column():
    requests = [{"good": float(n % 2), "poor": float(n % 5), "c": "x" if n % 2 else "y"} for n in range(40)]
    plan = FeaturePlan(
        numeric=(NumericPlan("poor"), NumericPlan("good")),
        ratios=(RatioPlan("r", "poor", "poor"),),
        categorical=("c",),
        numeric_percentile=34.0,
    )
    spec = fit(plan, requests)
    assert [getattr(feature, "column", "levels") for feature in spec.features] == [None, 0, None, "levels"]


def test_columns_are_filled_exactly_once_and_numbers_come_first(bench):
    columns = []
    for feature in bench.spec.features:
        match feature:
            case Categorical():
                columns += feature.levels.columns.values()
            case Date():
                columns += [*feature.quarter.columns.values(), *feature.year.columns.values()]
            case _:
                columns.append(feature.column)
    assert [column for column in columns if column is not None] == list(range(bench.spec.columns))
    assert None in columns


def test_fitting_twice_gives_the_same_features(bench):
    from bellwether_training.features.plan import reference_plan

    again = fit_features(reference_plan(), bench.training.inputs, bench.training.labels)
    assert again == bench.spec
    assert (transform(again, bench.held_out.inputs) == bench.held_out_matrix).all()

"""The synthetic population is reproducible, looks like the reference schema and is hard to predict."""

import datetime
import io

import numpy as np
import pytest

from bellwether_training import schema
from bellwether_training.evaluation import metrics_of
from bellwether_training.families import FAMILIES
from bellwether_training.population import Population, generate
from bellwether_training.table import requests_of, write_ndjson
from bellwether_training.training import set_up


@pytest.fixture(scope="module")
def population() -> Population:
    return generate(50_000, seed=1)


def ndjson(population: Population) -> str:
    out = io.StringIO()
    columns = {"client_id": population.client_id, **population.inputs, "ltv": population.ltv}
    write_ndjson(requests_of(columns), out)
    return out.getvalue()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    assert ndjson(generate(500, seed=3)) == ndjson(generate(500, seed=3))
    assert ndjson(generate(500, seed=3)) != ndjson(generate(500, seed=4))


def test_it_has_the_inputs_of_the_schema_and_no_others(population):
    assert set(population.inputs) == {*schema.NUMERIC, *schema.CATEGORICAL, *schema.DATES}


def test_numbers_have_missing_values_negatives_and_skew(population):
    for name in schema.NUMERIC:
        assert 0.005 < np.isnan(population.inputs[name]).mean() < 0.25, name
        assert (population.inputs[name] < 0).any(), name
    xp = population.inputs["xp_points"]
    assert np.nanmean(xp) > 1.2 * np.nanmedian(xp)
    assert (population.inputs["activity_score"] == 0).mean() > 0.005


def test_categories_have_the_sizes_of_the_schema(population):
    for name, count in schema.CATEGORICAL.items():
        assert set(population.inputs[name]) - {""} == {f"level_{number}" for number in range(1, count + 1)}, name


def test_most_categories_have_levels_at_or_under_one_in_a_thousand(population):
    with_rare = 0
    for name in schema.CATEGORICAL:
        _, counts = np.unique(population.inputs[name], return_counts=True)
        with_rare += bool((counts <= 50).any())
    assert with_rare >= 10


def test_dates_are_days_of_several_years_and_none_lies_ahead(population):
    days = [datetime.date.fromisoformat(day) for day in set(population.inputs["acquired_date"]) - {""}]
    assert min(days).year == 2010
    assert max(days) <= datetime.date(2025, 12, 31)
    assert {day.year for day in days} == set(range(2010, 2026))


def test_client_ids_are_distinct_strings_of_digits(population):
    assert len(set(population.client_id)) == 50_000
    assert all(client_id.isdigit() for client_id in population.client_id)


def test_ltv_is_money_skewed_and_sometimes_nothing(population):
    assert population.ltv.min() == 0
    assert population.ltv.mean() > 1.3 * np.median(population.ltv)
    assert (np.round(population.ltv, 2) == population.ltv).all()


def test_about_a_third_of_the_clients_churn(population):
    assert 0.3 < population.churned.mean() < 0.45


def test_an_honest_model_reaches_an_auc_of_about_080():
    bench = set_up(20_000, seed=11)
    model = FAMILIES["lightgbm"].make(0, n_estimators=120, num_leaves=15, learning_rate=0.08)
    model.fit(bench.matrix, bench.training.labels)
    scores = model.predict_proba(bench.held_out_matrix)[:, 1]
    assert 0.78 < metrics_of(bench.held_out.labels, scores)["roc_auc"] < 0.83

"""A synthetic population of clients in the reference schema, with a churn label.

Two things are random here and are kept apart: the *world* (which level means what; always the same) and
the *sample* (who happens to be a client; from the seed). So two seeds give two samples of one world, and
a model trained on one can be judged on the other. Values are rounded to a few decimals, so that a last
bit of difference between two machines' logarithms does not show in the data.
"""

from dataclasses import dataclass

import numpy as np

from . import schema
from .table import Table

DEFAULT_ROWS = 50_000
_WORLD_SEED = 20_100_101
_FIRST_DAY = np.datetime64("2010-01-01")
_LAST_DAY = np.datetime64("2025-12-31")
_RARE_SHARE = 0.0006
"""Share of a rare level: under the 0.1 % at which levels are combined, yet seen in a big sample."""
_NOISE = 0.5
"""Standard deviation of what nobody can know, on the logit: it holds the honest ROC AUC near 0.80."""


@dataclass(frozen=True)
class Population:
    """N clients.

    Attributes:
        inputs: the model's inputs by column.
        client_id: N distinct strings of digits.
        ltv: float64 [N], lifetime value in currency units, two decimals, never negative.
        churned: bool [N], the label.
    """

    inputs: Table
    client_id: np.ndarray
    ltv: np.ndarray
    churned: np.ndarray


def generate(rows: int = DEFAULT_ROWS, seed: int = 0) -> Population:
    """Draws `rows` clients; the same rows and seed give the same clients."""
    rng = np.random.default_rng(seed)
    engagement, wealth = rng.standard_normal(rows), rng.standard_normal(rows)
    full = _numbers(rng, engagement, wealth)
    days = _days(rng, rows)
    levels = {name: _levels(rng, name, count, rows) for name, count in schema.CATEGORICAL.items()}
    logit = _churn_logit(full, days, levels) + _NOISE * rng.standard_normal(rows)
    churned = rng.random(rows) < 1 / (1 + np.exp(-logit))
    ltv = _ltv(rng, engagement, wealth, days)
    client_id = np.char.mod("%d", 100_000_000 + np.cumsum(rng.integers(1, 17, rows)))
    inputs = _hide_some(rng, full, days, levels, engagement)
    return Population(inputs=inputs, client_id=client_id, ltv=ltv, churned=churned)


def _numbers(rng: np.random.Generator, engagement: np.ndarray, wealth: np.ndarray) -> Table:
    """Nine numeric inputs with skew, negatives and exact zeros, before any goes missing."""
    rows = len(engagement)
    noise = {name: rng.standard_normal(rows) for name in schema.NUMERIC}
    activity = 0.72 * np.exp(0.45 * engagement + 0.35 * noise["activity_score"])
    odd = rng.random(rows)
    activity = np.where(odd < 0.015, 0.0, np.where(odd < 0.025, -0.2 * activity, activity))
    stars = np.clip(1.5 + 0.9 * noise["average_stars"] + 0.3 * engagement, 0, 5)
    profile = 20 + 5 * wealth + 5 * noise["profile_score"]
    numbers = {
        "activity_score": activity,
        "propensity_score": 0.2 + 0.13 * noise["propensity_score"] - 0.03 * engagement,
        "profile_score_new": 22 + 4 * wealth + 6 * noise["profile_score_new"],
        "completeness_score": 41 + 12 * engagement + 20 * noise["completeness_score"],
        "xp_points": 14 * np.exp(0.5 * engagement + 0.7 * noise["xp_points"]) - 1,
        "profile_score": profile,
        "portfolio_score": 25 + 8 * wealth + 7 * noise["portfolio_score"],
        "mouse_movement": rng.exponential(0.55, rows) - 0.04,
        "average_stars": np.where(rng.random(rows) < 0.01, -1.0, stars),
    }
    return {name: np.round(numbers[name], 4) for name in schema.NUMERIC}


def _days(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Days on which clients were acquired, datetime64[D]: more of them lately, hardly any in the first years."""
    span = int((_LAST_DAY - _FIRST_DAY).astype(int))
    return _FIRST_DAY + np.floor((rng.random(rows) ** 0.33) * (span + 1)).astype(int)


def _shares(name: str, count: int) -> np.ndarray:
    """The world's shares of a category's levels, summing to 1; from 8 levels on the last two are rare."""
    world = np.random.default_rng([_WORLD_SEED, *name.encode()])
    shares = 1 / np.arange(1, count + 1) ** world.uniform(0.3, 0.8)
    rare = 2 if count >= 8 else 0
    common = shares[: count - rare]
    return np.concatenate([common / common.sum() * (1 - rare * _RARE_SHARE), np.full(rare, _RARE_SHARE)])


def _levels(rng: np.random.Generator, name: str, count: int, rows: int) -> np.ndarray:
    """Level numbers from 0, int64 [rows]."""
    edges = np.cumsum(_shares(name, count))[:-1]
    return np.searchsorted(edges, rng.random(rows), side="right")


def _effects(name: str, count: int) -> np.ndarray:
    """What each level of a category does to the logit, float64 [count]; most categories do little."""
    world = np.random.default_rng([_WORLD_SEED + 1, *name.encode()])
    strength = 0.35 if world.random() < 0.3 else 0.05
    return strength * world.standard_normal(count)


def _churn_logit(numbers: Table, days: np.ndarray, levels: dict[str, np.ndarray]) -> np.ndarray:
    """The knowable part of the churn logit: thresholds, bends, a season and interactions."""
    activity = numbers["activity_score"]
    months = days.astype("datetime64[M]").astype(int)
    tenure = (int(_LAST_DAY.astype("datetime64[M]").astype(int)) - months) / 12
    mobile = levels["device_type"] <= 1
    logit = -1.6 - 1.7 * np.tanh(1.8 * (activity - 0.75))
    logit += np.where(mobile, 0.8, -0.5) * np.tanh((numbers["completeness_score"] - 40) / 15)
    logit += 1.1 * (numbers["propensity_score"] > 0.28) + 1.5 * np.clip(numbers["propensity_score"], 0, 1)
    logit += 0.6 * np.abs(numbers["portfolio_score"] - 23) / 8 - 0.02 * numbers["portfolio_score"]
    logit -= 0.4 * np.log1p(np.clip(numbers["xp_points"], 0, None)) - 1.0
    logit -= 0.3 * np.clip(numbers["average_stars"], 0, 3)
    logit += 1.1 * np.exp(-tenure / 2.0) - 0.03 * tenure
    logit += 0.4 * (months % 12 < 3) * (levels["marketing_channel"] < 4)
    logit += (0.3 + 0.6 * (levels["site_level"] % 2 == 0)) * (numbers["mouse_movement"] > 1.0)
    return logit + sum(_effects(name, count)[levels[name]] for name, count in schema.CATEGORICAL.items())


def _ltv(rng: np.random.Generator, engagement: np.ndarray, wealth: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Lifetime value in currency units: log-normal, growing with tenure, zero for clients who never bought."""
    years = (_LAST_DAY - days).astype(int) / 365.25
    value = 40 * np.exp(0.9 * wealth + 0.4 * engagement + 0.5 * rng.standard_normal(len(years))) * (0.5 + years)
    return np.round(np.where(rng.random(len(years)) < 0.04, 0.0, value), 2)


def _hide_some(
    rng: np.random.Generator,
    numbers: Table,
    days: np.ndarray,
    levels: dict[str, np.ndarray],
    engagement: np.ndarray,
) -> Table:
    """The inputs as a caller would know them: some missing, stars more often where engagement is low."""
    rows, inputs = len(days), {}
    for place, (name, values) in enumerate(numbers.items()):
        rate = 0.01 + 0.015 * place
        if name == "average_stars":
            rate = np.where(engagement < -0.5, 0.3, 0.08)
        inputs[name] = np.where(rng.random(rows) < rate, np.nan, values)
    for place, (name, numbers_of_level) in enumerate(levels.items()):
        names = np.array([f"level_{number}" for number in range(1, schema.CATEGORICAL[name] + 1)])
        # Every fifth category is always known, one is hardly ever missing: `missing` is a rare level there.
        rate = (0.0, 0.0003, 0.02, 0.05, 0.1)[place % 5]
        inputs[name] = np.where(rng.random(rows) < rate, "", names[numbers_of_level])
    inputs["acquired_date"] = np.where(rng.random(rows) < 0.02, "", days.astype(str))
    return inputs

"""Fitting features on training rows: fills, scales, levels, and which columns are worth keeping."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..table import Table
from .plan import FeaturePlan
from .spec import MISSING, SPARSE_COMBINED, Categorical, Date, Feature, FeatureSpec, Levels, Numeric, Ratio
from .transform import clip, divide, log, quarters, transform, years


def fit_features(plan: FeaturePlan, table: Table, labels: np.ndarray) -> FeatureSpec:
    """Fits the features of `plan` on N training rows and their labels (bool or 0/1, [N])."""
    return _select(plan, _fit_all(plan, table), table, labels)


def _fit_all(plan: FeaturePlan, table: Table) -> FeatureSpec:
    """Every feature fitted, every level in a column of its own."""
    columns = itertools.count()
    clipped = {numeric.name: clip(table[numeric.name], numeric.clip_min) for numeric in plan.numeric}
    features: list[Feature] = []
    for numeric in plan.numeric:
        scaling = _scaling(clipped[numeric.name], numeric.log)
        features.append(Numeric(numeric.name, next(columns), numeric.clip_min, numeric.log, *scaling))
    for ratio in plan.ratios:
        scaling = _scaling(divide(clipped[ratio.numerator], clipped[ratio.denominator]), ratio.log)
        features.append(Ratio(ratio.name, ratio.numerator, ratio.denominator, next(columns), ratio.log, *scaling))
    for name in plan.categorical:
        levels = _levels(table[name], plan.rare_share, columns)
        features.append(Categorical(name, levels, name in plan.accept_numbers))
    for name in plan.dates:
        parts = [_levels(part(table[name]), plan.rare_share, columns) for part in (quarters, years)]
        features.append(Date(name, *parts))
    return FeatureSpec(tuple(features), next(columns))


def _scaling(values: np.ndarray, logged: bool) -> tuple[float, float, float]:
    """Fill, mean and standard deviation (population) of a column: the fill is the mean of what is there.

    Sums are exact (`fsum`), so that no machine's order of adding shows in a manifest.
    """
    values = log(values) if logged else values
    present = values[~np.isnan(values)].tolist()
    if not present:
        return 0.0, 0.0, 1.0
    mean = math.fsum(present) / len(present)
    variance = math.fsum((value - mean) ** 2 for value in present) / len(values)
    std = math.sqrt(variance)
    return mean, mean, std if std > 0 and math.isfinite(std) else 1.0


def _levels(values: np.ndarray, rare_share: float, columns: Iterator[int]) -> Levels:
    """The levels of a category in sorted order; those at or under the share become one, the last."""
    distinct, counts = np.unique(np.where(values == "", MISSING, values), return_counts=True)
    rare = counts <= rare_share * len(values)
    kept = distinct[~rare].tolist() + ([SPARSE_COMBINED] if rare.any() else [])
    return Levels({value: next(columns) for value in dict.fromkeys(kept)}, tuple(distinct[rare].tolist()))


def _select(plan: FeaturePlan, spec: FeatureSpec, table: Table, labels: np.ndarray) -> FeatureSpec:
    """Keeps the best columns of numbers and of levels by F score, and numbers them anew."""
    matrix = transform(spec, table)
    scores = _f_scores(matrix, labels)
    numbers = len(plan.numeric) + len(plan.ratios)
    kept = [
        *_best(scores[:numbers], plan.numeric_percentile),
        *(numbers + _best(scores[numbers:], plan.level_percentile)),
    ]
    new = {int(old): place for place, old in enumerate(kept)}
    return FeatureSpec(tuple(_renumbered(feature, new) for feature in spec.features), len(kept))


def _f_scores(matrix: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The F score (analysis of variance) of each column between the two labels, float64 [F].

    A column that is constant scores below all others, one that tells the labels apart by itself above.
    """
    values, churned = matrix.astype(np.float64), labels.astype(bool)
    groups = [group for group in (values[~churned], values[churned]) if len(group)]
    mean = values.mean(axis=0)
    between = sum(len(group) * (group.mean(axis=0) - mean) ** 2 for group in groups)
    within = sum(((group - group.mean(axis=0)) ** 2).sum(axis=0) for group in groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.nan_to_num(between / within * max(len(values) - 2, 1), nan=-1.0)
    return np.where(np.ptp(values, axis=0) == 0, -1.0, scores)


def _best(scores: np.ndarray, percentile: float) -> np.ndarray:
    """Places of the best `percentile` percent of the scores, at least one, in order; ties go to the first."""
    if len(scores) == 0:
        return np.array([], dtype=int)
    count = max(1, round(len(scores) * percentile / 100))
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def _renumbered(feature: Feature, new: dict[int, int]) -> Feature:
    match feature:
        case Categorical():
            return replace(feature, levels=_renumbered_levels(feature.levels, new))
        case Date():
            quarter, year = _renumbered_levels(feature.quarter, new), _renumbered_levels(feature.year, new)
            return replace(feature, quarter=quarter, year=year)
        case _:
            return replace(feature, column=new.get(feature.column))


def _renumbered_levels(levels: Levels, new: dict[int, int]) -> Levels:
    return replace(levels, columns={value: new.get(column) for value, column in levels.columns.items()})

"""From raw values to the model's matrix, step by step as `docs/bundle.md` numbers the steps.

All arithmetic is float64; the finished column is cast to float32 once.
"""

from collections.abc import Callable

import numpy as np

from ..table import Table, rows_of
from .spec import LIMIT, Categorical, Date, FeatureSpec, Levels, Numeric, Ratio


def transform(spec: FeatureSpec, table: Table) -> np.ndarray:
    """The float32 matrix [N, F] of a table of N raw rows; it never holds NaN or an infinity."""
    matrix = np.zeros((rows_of(table), spec.columns), dtype=np.float32)
    numeric = spec.numeric()
    for feature in spec.features:
        match feature:
            case Numeric(column=int(column)):
                values = clip(table[feature.name], feature.clip_min)
                matrix[:, column] = scale(log(values) if feature.log else values, feature)
            case Ratio(column=int(column)):
                above, below = numeric[feature.numerator], numeric[feature.denominator]
                values = divide(clip(table[above.name], above.clip_min), clip(table[below.name], below.clip_min))
                matrix[:, column] = scale(log(values) if feature.log else values, feature)
            case Categorical():
                encode(matrix, table[feature.name], feature.levels)
            case Date():
                encode(matrix, quarters(table[feature.name]), feature.quarter)
                encode(matrix, years(table[feature.name]), feature.year)
    return matrix


def clip(values: np.ndarray, clip_min: float | None) -> np.ndarray:
    """Step 1: raises what is below `clip_min`; NaN stays."""
    return values if clip_min is None else np.where(values < clip_min, clip_min, values)


def divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Step 2: the quotient; an infinity becomes 0, and 0/0 stays NaN."""
    with np.errstate(all="ignore"):
        return infinity_to_zero(numerator / denominator)


def log(values: np.ndarray) -> np.ndarray:
    """Step 3: the natural logarithm; an infinity becomes 0, and below zero it is NaN."""
    with np.errstate(all="ignore"):
        return infinity_to_zero(np.log(values))


def infinity_to_zero(values: np.ndarray) -> np.ndarray:
    """Replaces both infinities; NaN stays."""
    return np.where(np.isinf(values), 0.0, values)


def scale(values: np.ndarray, fitted: Numeric | Ratio) -> np.ndarray:
    """Steps 4 and 5: fills NaN, scales, limits; float64, to be cast."""
    filled = np.where(np.isnan(values), fitted.fill, values)
    with np.errstate(over="ignore"):
        return np.clip((filled - fitted.mean) / fitted.std, -LIMIT, LIMIT)


def encode(matrix: np.ndarray, values: np.ndarray, levels: Levels) -> None:
    """Writes a category's ones into `matrix` [N, F] for N raw values."""
    distinct, which = np.unique(values, return_inverse=True)
    for place, value in enumerate(distinct.tolist()):
        column = levels.column_of(value)
        if column is not None:
            matrix[which == place, column] = 1.0


def quarters(dates: np.ndarray) -> np.ndarray:
    """The quarters `q1` … `q4` of N dates, "" where missing."""
    return _each(dates, lambda date: f"q{(int(date[5:7]) + 2) // 3}")


def years(dates: np.ndarray) -> np.ndarray:
    """The years of N dates as four digits, "" where missing."""
    return _each(dates, lambda date: date[:4])


def _each(dates: np.ndarray, part: Callable[[str], str]) -> np.ndarray:
    distinct, which = np.unique(dates, return_inverse=True)
    return np.array([part(date) if date else "" for date in distinct.tolist()] or [""], dtype=str)[which]

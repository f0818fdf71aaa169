"""Reading logistic regression: one weight a column and an intercept."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True)
class Linear:
    """The log-odds: `x · weights + intercept`, with weights float64 [F]."""

    weights: np.ndarray
    intercept: float


def read_linear(classifier: LogisticRegression) -> Linear:
    """The coefficients of the positive class."""
    return Linear(classifier.coef_[0].astype(np.float64), float(classifier.intercept_[0]))

"""Trees as plain arrays: what every reader of a tree library gives, and the ONNX writer takes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

LEAF = -1
"""The feature of a node that is a leaf."""

Mode = Literal["BRANCH_LEQ", "BRANCH_LT"]
"""How a node compares: x ≤ threshold (scikit-learn, LightGBM) or x < threshold (XGBoost)."""


@dataclass(frozen=True)
class Tree:
    """One tree of M nodes; node 0 is the root.

    Attributes:
        feature: int64 [M], the column compared, or LEAF.
        threshold: float32 [M]; meaningless in a leaf.
        true_child, false_child: int64 [M], nodes to go to; meaningless in a leaf.
        value: float64 [M], what a leaf adds; meaningless elsewhere.
    """

    feature: np.ndarray
    threshold: np.ndarray
    true_child: np.ndarray
    false_child: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Trees:
    """An additive ensemble: `base` plus one leaf of each tree.

    `is_logit` says whether the sum is a log-odds, or a probability already.
    """

    trees: list[Tree]
    mode: Mode
    base: float
    is_logit: bool


def round_down(thresholds: np.ndarray) -> np.ndarray:
    """The greatest float32 that is not above each float64.

    For every float32 x, `x <= threshold` is then true exactly when `x <= round_down(threshold)` is.
    Rounding to nearest could go up, past an x that lies between.
    """
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
    above = nearest.astype(np.float64) > thresholds
    return np.where(above, np.nextafter(nearest, np.float32(-np.inf)), nearest)

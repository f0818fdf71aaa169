"""Reading scikit-learn's HistGradientBoostingClassifier, whose predictors are not part of its public face."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from .refusal import CannotExport
from .trees import LEAF, Tree, Trees, round_down


def read_histogram(classifier: HistGradientBoostingClassifier) -> Trees:
    """The log-odds: the baseline plus a leaf of each tree."""
    rounds = classifier._predictors
    trees = [_read_tree(predictor.nodes) for predictors in rounds for predictor in predictors]
    base = float(np.ravel(classifier._baseline_prediction)[0])
    return Trees(trees, "BRANCH_LEQ", base=base, is_logit=True)


def _read_tree(nodes: np.ndarray) -> Tree:
    is_leaf = nodes["is_leaf"].astype(bool)
    if nodes["is_categorical"][~is_leaf].any():
        raise CannotExport("HistGradientBoosting with categorical splits: only numeric splits are exported")
    return Tree(
        feature=np.where(is_leaf, LEAF, nodes["feature_idx"]).astype(np.int64),
        threshold=round_down(nodes["num_threshold"]),
        true_child=nodes["left"].astype(np.int64),
        false_child=nodes["right"].astype(np.int64),
        value=nodes["value"],
    )

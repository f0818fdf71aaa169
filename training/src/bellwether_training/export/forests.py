"""Reading scikit-learn's forests: a random forest or extra trees, whose leaves hold shares of the classes."""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.tree._tree import Tree as SklearnTree

from .trees import LEAF, Tree, Trees, round_down


def read_forest(forest: RandomForestClassifier | ExtraTreesClassifier) -> Trees:
    """The mean of the trees' shares of the positive class, as a sum."""
    trees = [_read_tree(estimator.tree_, len(forest.estimators_)) for estimator in forest.estimators_]
    return Trees(trees, "BRANCH_LEQ", base=0.0, is_logit=False)


def _read_tree(tree: SklearnTree, count: int) -> Tree:
    weights = tree.value[:, 0, :]
    is_leaf = tree.children_left < 0
    return Tree(
        feature=np.where(is_leaf, LEAF, tree.feature),
        threshold=round_down(tree.threshold),
        true_child=tree.children_left,
        false_child=tree.children_right,
        value=weights[:, 1] / weights.sum(axis=1) / count,
    )

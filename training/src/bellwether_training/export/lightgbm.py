"""Reading LightGBM: the trees of a binary model, from its dump."""

import numpy as np
from lightgbm import LGBMClassifier

from .refusal import CannotExport
from .trees import LEAF, Tree, Trees, round_down


def read_lightgbm(classifier: LGBMClassifier) -> Trees:
    """The log-odds: a leaf of each tree (the intercept stands in the first), up to the best iteration."""
    dump = classifier.booster_.dump_model(num_iteration=classifier.best_iteration_ or -1)
    objective = dump.get("objective", "none")
    if objective != "binary sigmoid:1":
        raise CannotExport(f"LightGBM objective {objective}: only binary with sigmoid 1 gives this probability")
    if dump.get("average_output"):
        raise CannotExport("LightGBM boosting rf averages its trees: only sums of trees are exported")
    trees = [_read_tree(tree["tree_structure"]) for tree in dump["tree_info"]]
    return Trees(trees, "BRANCH_LEQ", base=0.0, is_logit=True)


def _read_tree(root: dict) -> Tree:
    """Numbers the nested nodes from the root, parents before children, without recursion."""
    nodes, feature, threshold, children, value = [root], [], [], [], []
    for node in nodes:  # grows while it is read
        if "split_feature" not in node:
            if "leaf_coeff" in node:
                raise CannotExport("LightGBM linear trees: their leaves are not constants")
            feature.append(LEAF)
            threshold.append(0.0)
            children.append((0, 0))
            value.append(node["leaf_value"])
            continue
        _refuse_split(node)
        feature.append(node["split_feature"])
        threshold.append(node["threshold"])
        children.append((len(nodes), len(nodes) + 1))
        value.append(0.0)
        nodes += [node["left_child"], node["right_child"]]
    true_child, false_child = np.array(children, dtype=np.int64).T
    return Tree(
        feature=np.array(feature, dtype=np.int64),
        threshold=round_down(np.array(threshold, dtype=np.float64)),
        true_child=true_child,
        false_child=false_child,
        value=np.array(value, dtype=np.float64),
    )


def _refuse_split(node: dict) -> None:
    if node["decision_type"] != "<=":
        raise CannotExport("LightGBM with categorical splits: only numeric splits are exported")
    if node["missing_type"] == "Zero":
        raise CannotExport("LightGBM with zero_as_missing: zeros would take another way")

"""Reading XGBoost: the trees of a binary logistic model, from its JSON form."""

import json
import math

import numpy as np
from xgboost import XGBClassifier

from .refusal import CannotExport
from .trees import LEAF, Tree, Trees


def read_xgboost(classifier: XGBClassifier) -> Trees:
    """The log-odds: the intercept plus a leaf of each tree, up to the best iteration where it stopped early."""
    if not _is_nan(classifier.missing):
        raise CannotExport(f"XGBoost with missing={classifier.missing}: that number would be taken as missing")
    booster = classifier.get_booster()
    if classifier.get_params().get("early_stopping_rounds") is not None:
        booster = booster[: classifier.best_iteration + 1]
    learner = json.loads(booster.save_raw("json").decode())["learner"]
    objective = learner["objective"]["name"]
    if objective != "binary:logistic":
        raise CannotExport(f"XGBoost objective {objective}: only binary:logistic gives this probability")
    kind = learner["gradient_booster"]["name"]
    if kind != "gbtree":
        raise CannotExport(f"XGBoost booster {kind}: only gbtree is a plain sum of trees")
    trees = [_read_tree(tree) for tree in learner["gradient_booster"]["model"]["trees"]]
    base = _probability(learner["learner_model_param"]["base_score"])
    return Trees(trees, "BRANCH_LT", base=math.log(base / (1 - base)), is_logit=True)


def _is_nan(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _probability(text: str) -> float:
    """The intercept, written as a number, or since 3.1 as a list of one."""
    value = json.loads(text.replace("E", "e"))
    return float(value[0] if isinstance(value, list) else value)


def _read_tree(tree: dict) -> Tree:
    if any(tree["split_type"]):
        raise CannotExport("XGBoost with categorical splits: only numeric splits are exported")
    left = np.array(tree["left_children"], dtype=np.int64)
    # A leaf keeps its value where a branch keeps its threshold.
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    return Tree(
        feature=np.where(left < 0, LEAF, np.array(tree["split_indices"], dtype=np.int64)),
        threshold=conditions,
        true_child=left,
        false_child=np.array(tree["right_children"], dtype=np.int64),
        value=conditions.astype(np.float64),
    )

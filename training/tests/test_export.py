"""Every family's graph scores like the classifier itself, and what cannot is refused by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightgbm import LGBMClassifier, early_stopping
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

from bellwether_training.export import (
    TOLERANCE,
    CannotExport,
    ExportMismatch,
    build_graph,
    check_export,
    read_classifier,
    run_onnx,
)
from bellwether_training.export.trees import round_down
from bellwether_training.families import FAMILIES

from .conftest import SMALL

rng = np.random.default_rng(8)
X = rng.standard_normal((600, 6)).astype(np.float32)
X[:, 4] = rng.integers(0, 4, 600)
X[:, 5] = rng.integers(0, 2, 600)
Y = (X[:, 0] + X[:, 4] * X[:, 5] + rng.standard_normal(600) > 1).astype(np.int64)


def difference(classifier, matrix: np.ndarray) -> float:
    graph = build_graph(read_classifier(classifier), matrix.shape[1]).SerializeToString()
    return check_export(graph, matrix, classifier.predict_proba(matrix)[:, 1].astype(np.float64))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_calibrated_model_scores_as_scikit_learn_does(family, models, bench):
    assert difference(models[family].classifier, bench.held_out_matrix) <= TOLERANCE


@pytest.mark.parametrize("family", FAMILIES)
def test_a_bare_model_scores_as_scikit_learn_does(family, bench):
    kind = FAMILIES[family]
    model = kind.make(3, **{**kind.defaults, **({kind.trees: SMALL[family]} if kind.trees else {})})
    model.fit(bench.matrix, bench.training.labels)
    assert difference(model, bench.held_out_matrix) <= TOLERANCE


@pytest.mark.parametrize("folds", [2, 3, 4])
def test_any_number_of_folds_is_exported(folds):
    model = CalibratedClassifierCV(RandomForestClassifier(5, random_state=0), method="sigmoid", cv=folds).fit(X, Y)
    assert difference(model, X) <= TOLERANCE


def test_a_single_calibrator_over_one_model_is_exported():
    estimator = XGBClassifier(n_jobs=1, n_estimators=8)
    model = CalibratedClassifierCV(estimator, method="sigmoid", cv=3, ensemble=False)
    assert difference(model.fit(X, Y), X) <= TOLERANCE


def test_a_tree_that_is_a_single_leaf_is_exported():
    for model in (
        RandomForestClassifier(3, min_samples_leaf=600),
        XGBClassifier(n_jobs=1, n_estimators=3, min_child_weight=1e9),
        LGBMClassifier(n_jobs=1, n_estimators=3, min_child_samples=600, verbose=-1),
        HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=600),
    ):
        assert difference(model.fit(X, Y), X) <= TOLERANCE


def test_models_that_stopped_early_are_exported_up_to_their_best_round():
    xgboost = XGBClassifier(n_jobs=1, n_estimators=200, learning_rate=0.5, early_stopping_rounds=3)
    xgboost.fit(X[:300], Y[:300], eval_set=[(X[300:], Y[300:])], verbose=False)
    assert difference(xgboost, X) <= TOLERANCE
    lightgbm = LGBMClassifier(n_jobs=1, n_estimators=200, learning_rate=0.5, verbose=-1)
    lightgbm.fit(X[:300], Y[:300], eval_X=X[300:], eval_y=Y[300:], callbacks=[early_stopping(3, verbose=False)])
    assert difference(lightgbm, X) <= TOLERANCE


@pytest.mark.parametrize("nudge", [np.float32(-np.inf), np.float32(np.inf)])
def test_values_beside_every_threshold_go_the_same_way(nudge):
    model = RandomForestClassifier(10, random_state=0).fit(X, Y)
    thresholds = [tree.tree_.threshold[tree.tree_.children_left >= 0] for tree in model.estimators_]
    beside = np.nextafter(np.concatenate(thresholds).astype(np.float32), nudge)
    matrix = np.repeat(beside[:, None], 6, axis=1)
    assert difference(model, matrix) <= TOLERANCE


@given(st.floats(width=32, allow_nan=False), st.floats(allow_nan=False))
def test_rounding_a_threshold_down_changes_no_comparison(x, threshold):
    x32 = np.float32(x)
    (rounded,) = round_down(np.array([threshold]))
    assert (np.float64(x32) <= threshold) == (x32 <= rounded)


@given(st.floats(width=32, allow_nan=False))
def test_rounding_down_next_to_a_number_changes_no_comparison(x):
    x32 = np.float32(x)
    for threshold in (np.nextafter(np.float64(x32), -np.inf), np.float64(x32), np.nextafter(np.float64(x32), np.inf)):
        assert (np.float64(x32) <= threshold) == (x32 <= round_down(np.array([threshold]))[0])


def test_the_graph_takes_any_number_of_rows():
    model = LogisticRegression().fit(X, Y)
    graph = build_graph(read_classifier(model), 6).SerializeToString()
    assert [len(run_onnx(graph, X[:rows])) for rows in (1, 2, 257)] == [1, 2, 257]


def test_the_graph_uses_only_what_the_server_reads(models, bench):
    for trained in models.values():
        graph = build_graph(read_classifier(trained.classifier), bench.spec.columns)
        assert {(opset.domain, opset.version) for opset in graph.opset_import} == {("", 13), ("ai.onnx.ml", 1)}
        for node in graph.graph.node:
            assert node.op_type in {"TreeEnsembleClassifier", "MatMul", "Add", "Mul", "Sigmoid", "Slice", "ReduceMean"}
            modes = [attribute.strings for attribute in node.attribute if attribute.name == "nodes_modes"]
            assert {mode for found in modes for mode in found} <= {b"BRANCH_LEQ", b"BRANCH_LT", b"LEAF"}


def test_a_graph_that_scores_differently_is_refused():
    model = LogisticRegression().fit(X, Y)
    graph = build_graph(read_classifier(model), 6).SerializeToString()
    expected = model.predict_proba(X)[:, 1].astype(np.float64)
    expected[17] += 1e-4
    with pytest.raises(ExportMismatch, match="row 17"):
        check_export(graph, X, expected)
    expected[17] = np.nan
    with pytest.raises(ExportMismatch, match="row 17"):
        check_export(graph, X, expected)


def categorical_lightgbm():
    return LGBMClassifier(n_estimators=4, min_child_samples=2, cat_smooth=0, verbose=-1).fit(
        X, Y, categorical_feature=[4]
    )


def categorical_xgboost():
    model = XGBClassifier(n_estimators=4, enable_categorical=True, feature_types=["q", "q", "q", "q", "c", "q"])
    return model.fit(X, Y)


REFUSED = {
    "isotonic calibration": lambda: CalibratedClassifierCV(LogisticRegression(), method="isotonic").fit(X, Y),
    "temperature calibration": lambda: CalibratedClassifierCV(LogisticRegression(), method="temperature").fit(X, Y),
    "XGBoost with categorical splits": categorical_xgboost,
    "XGBoost with missing=0.0": lambda: XGBClassifier(n_estimators=2, missing=0.0).fit(X, Y),
    "XGBoost objective binary:hinge": lambda: XGBClassifier(n_estimators=2, objective="binary:hinge").fit(X, Y),
    "XGBoost booster dart": lambda: XGBClassifier(n_estimators=2, booster="dart").fit(X, Y),
    "LightGBM with zero_as_missing": lambda: LGBMClassifier(n_estimators=2, zero_as_missing=True, verbose=-1).fit(X, Y),
    "LightGBM with categorical splits": categorical_lightgbm,
    "LightGBM linear trees": lambda: LGBMClassifier(n_estimators=2, linear_tree=True, verbose=-1).fit(X, Y),
    "LightGBM objective cross_entropy": lambda: LGBMClassifier(
        n_estimators=2, objective="cross_entropy", verbose=-1
    ).fit(X, Y),
    "LightGBM boosting rf": lambda: LGBMClassifier(
        n_estimators=2, boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, verbose=-1
    ).fit(X, Y),
    "HistGradientBoosting with categorical splits": lambda: HistGradientBoostingClassifier(
        max_iter=3, categorical_features=[4]
    ).fit(X, Y),
    "classes \\[0, 1, 2, 3\\]": lambda: RandomForestClassifier(2).fit(X, X[:, 4].astype(int)),
    "classes \\['no', 'yes'\\]": lambda: RandomForestClassifier(2).fit(X, np.where(Y == 1, "yes", "no")),
    "GradientBoostingClassifier": lambda: GradientBoostingClassifier(n_estimators=2).fit(X, Y),
    "Pipeline": lambda: CalibratedClassifierCV(make_pipeline(LogisticRegression())).fit(X, Y),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_exported_exactly_is_refused_by_name(reason):
    with pytest.raises(CannotExport, match=reason):
        read_classifier(REFUSED[reason]())

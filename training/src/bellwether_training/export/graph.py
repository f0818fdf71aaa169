"""Writing the ONNX graph that `docs/bundle.md` describes, from the parts of a classifier.

Trees of all folds stand in one TreeEnsembleClassifier, the fold as its class, followed by plain operators.
Stay at this operator set: from 18 on, ReduceMean takes its axes as an input, which the server's runtime
does not read.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .classifier import Parts, Platt
from .linear import Linear
from .trees import LEAF, Trees

INPUT, OUTPUT = "x", "probability"
_OPSETS = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 1)]
_IR_VERSION = 8
_LEAST_CLASSES = 3
"""With fewer classes, TreeEnsembleClassifier falls into a special layout for binary labels."""


def build_graph(parts: Parts, columns: int, doc: str = "") -> onnx.ModelProto:
    """The graph `x` float32 [N, F] → `probability` float32 [N, 1] for F `columns`."""
    nodes, constants = [], {}
    score, is_logit = _scores(parts, columns, nodes, constants)
    if is_logit and (parts.platts is None or parts.platts[0].of_probability):
        nodes.append(helper.make_node("Sigmoid", [score], ["score_probability"], name="score_sigmoid"))
        score = "score_probability"
    if parts.platts is not None:
        score = _calibrate(score, parts.platts, nodes, constants)
    nodes.append(helper.make_node("ReduceMean", [score], [OUTPUT], name="mean_of_folds", axes=[1], keepdims=1))
    graph = helper.make_graph(
        nodes,
        "bellwether",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
        doc_string=doc,
    )
    model = helper.make_model(graph, opset_imports=_OPSETS, producer_name="bellwether-training")
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def _scores(parts: Parts, columns: int, nodes: list, constants: dict) -> tuple[str, bool]:
    """Adds what computes one score a fold, [N, K]; gives its name and whether the scores are log-odds."""
    if isinstance(parts.folds[0], Linear):
        constants["weights"] = np.stack([fold.weights for fold in parts.folds], axis=1).astype(np.float32)
        constants["intercepts"] = np.array([fold.intercept for fold in parts.folds], dtype=np.float32)
        nodes.append(helper.make_node("MatMul", [INPUT, "weights"], ["weighted"], name="weigh"))
        nodes.append(helper.make_node("Add", ["weighted", "intercepts"], ["score"], name="intercept"))
        return "score", True
    classes = max(len(parts.folds), _LEAST_CLASSES)
    nodes.append(_tree_node(parts.folds, classes))
    if len(parts.folds) == classes:
        return "tree_sums", parts.folds[0].is_logit
    constants |= {
        "slice_start": np.array([0], dtype=np.int64),
        "slice_end": np.array([len(parts.folds)], dtype=np.int64),
        "slice_axis": np.array([1], dtype=np.int64),
    }
    slice_inputs = ["tree_sums", "slice_start", "slice_end", "slice_axis"]
    nodes.append(helper.make_node("Slice", slice_inputs, ["score"], name="drop_padding"))
    return "score", parts.folds[0].is_logit


def _calibrate(score: str, platts: list[Platt], nodes: list, constants: dict) -> str:
    constants["platt_slope"] = np.array([platt.slope for platt in platts], dtype=np.float32)
    constants["platt_offset"] = np.array([platt.offset for platt in platts], dtype=np.float32)
    nodes.append(helper.make_node("Mul", [score, "platt_slope"], ["sloped"], name="platt_slope_times"))
    nodes.append(helper.make_node("Add", ["sloped", "platt_offset"], ["calibrated_logit"], name="platt_offset_plus"))
    nodes.append(helper.make_node("Sigmoid", ["calibrated_logit"], ["calibrated"], name="platt_sigmoid"))
    return "calibrated"


def _tree_node(folds: list[Trees], classes: int) -> onnx.NodeProto:
    """All trees in one node; trees are numbered on through the folds, nodes from 0 in each tree."""
    trees = [(fold, tree) for fold, ensemble in enumerate(folds) for tree in ensemble.trees]
    is_leaf = np.concatenate([tree.feature == LEAF for _, tree in trees])
    sizes = [len(tree.feature) for _, tree in trees]
    tree_ids = np.repeat(np.arange(len(trees)), sizes)
    node_ids = np.concatenate([np.arange(size) for size in sizes])
    fold_ids = np.repeat([fold for fold, _ in trees], sizes)

    def branches(name: str) -> np.ndarray:
        return np.where(is_leaf, 0, np.concatenate([getattr(tree, name) for _, tree in trees]))

    modes = {True: "LEAF", False: folds[0].mode}
    values = np.concatenate([tree.value for _, tree in trees])[is_leaf]
    bases = [float(np.float32(fold.base)) for fold in folds] + [0.0] * (classes - len(folds))
    return helper.make_node(
        "TreeEnsembleClassifier",
        [INPUT],
        ["fold_label", "tree_sums"],
        name="trees",
        domain="ai.onnx.ml",
        post_transform="NONE",
        classlabels_int64s=list(range(classes)),
        base_values=bases if any(bases) else None,
        nodes_treeids=tree_ids.tolist(),
        nodes_nodeids=node_ids.tolist(),
        nodes_featureids=branches("feature").tolist(),
        nodes_values=branches("threshold").astype(np.float32).tolist(),
        nodes_modes=[modes[leaf] for leaf in is_leaf.tolist()],
        nodes_truenodeids=branches("true_child").tolist(),
        nodes_falsenodeids=branches("false_child").tolist(),
        class_treeids=tree_ids[is_leaf].tolist(),
        class_nodeids=node_ids[is_leaf].tolist(),
        class_ids=fold_ids[is_leaf].tolist(),
        class_weights=values.astype(np.float32).tolist(),
    )

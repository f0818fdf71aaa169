"""Comparing an exported graph with the classifier it came from, number by number."""

import numpy as np
import onnxruntime

TOLERANCE = 2e-6
"""The largest difference between the two probabilities of a row: float32 rounding, and nothing more."""


class ExportMismatch(ValueError):
    """The graph scores rows differently from the classifier, so no bundle is made."""


def run_onnx(model: bytes, matrix: np.ndarray) -> np.ndarray:
    """Probabilities float32 [N] of a float32 matrix [N, F], by onnxruntime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (probability,) = session.run(None, {session.get_inputs()[0].name: matrix})
    return probability[:, 0]


def check_export(model: bytes, matrix: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over N rows between the graph and the `expected` probabilities [N].

    Raises:
        ExportMismatch: it is over TOLERANCE, or not a number.
    """
    found = run_onnx(model, matrix).astype(np.float64)
    worst = int(np.argmax(np.nan_to_num(np.abs(found - expected), nan=np.inf)))
    difference = float(abs(found[worst] - expected[worst]))
    if not difference <= TOLERANCE:
        raise ExportMismatch(
            f"the exported graph differs by {difference:.3g} on row {worst}: "
            f"it says {found[worst]!r} where the classifier says {expected[worst]!r}"
        )
    return difference

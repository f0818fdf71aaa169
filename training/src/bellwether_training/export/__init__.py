"""Export: from a fitted classifier to an ONNX graph that computes the same probability.

`classifier` finds out what a classifier is made of, `forests`, `xgboost`, `lightgbm` and `histogram` read
their trees, `linear` its coefficients, `graph` writes the ONNX, `check` compares the two.
"""

from .check import TOLERANCE, ExportMismatch, check_export, run_onnx
from .classifier import Parts, read_classifier
from .graph import build_graph
from .refusal import CannotExport

__all__ = [
    "TOLERANCE",
    "CannotExport",
    "ExportMismatch",
    "Parts",
    "build_graph",
    "check_export",
    "read_classifier",
    "run_onnx",
]

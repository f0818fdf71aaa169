"""Trains tabular churn models and exports them as bundles that Bellwether serves.

`export_bundle` takes a classifier you fitted yourself; the command line (`python -m bellwether_training`)
trains the families that ship. The format they write is described in `docs/bundle.md`.
"""

from .bundle import InvalidBundle, Labelled, export_bundle, validate_manifest, verify_bundle
from .export import CannotExport, ExportMismatch
from .features import FeaturePlan, FeatureSpec, NumericPlan, RatioPlan, fit_features, transform
from .table import requests_of, table_of

__all__ = [
    "CannotExport",
    "ExportMismatch",
    "FeaturePlan",
    "FeatureSpec",
    "InvalidBundle",
    "Labelled",
    "NumericPlan",
    "RatioPlan",
    "export_bundle",
    "fit_features",
    "requests_of",
    "table_of",
    "transform",
    "validate_manifest",
    "verify_bundle",
]

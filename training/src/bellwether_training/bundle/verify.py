"""Checking a bundle on disk as a server does when it loads one: sizes, hash, format, every parity row."""

import hashlib
import json
from pathlib import Path

import numpy as np

from ..export import run_onnx
from ..features import FeatureSpec, transform
from ..table import table_of
from .validate import MAX_MODEL_BYTES, require, validate_manifest

PARITY_TOLERANCE = 1e-5
_MAX_MANIFEST_BYTES = 16 * 2**20


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict:
    keys = [key for key, _ in pairs]
    require(len(set(keys)) == len(keys), "manifest", "a key stands twice in one object")
    return dict(pairs)


def verify_bundle(folder: Path | str) -> float:
    """Checks a bundle on disk as a server would, and scores its parity rows.

    Returns:
        The largest difference between a parity row's probability and the graph's.

    Raises:
        InvalidBundle: naming the first thing at fault.
    """
    folder = Path(folder)
    for name, limit in (("manifest.json", _MAX_MANIFEST_BYTES), ("model.onnx", MAX_MODEL_BYTES)):
        require((folder / name).is_file(), name, "is no file of the bundle")
        require((folder / name).stat().st_size <= limit, name, f"over {limit // 2**20} MiB")
    model = (folder / "model.onnx").read_bytes()
    manifest = json.loads((folder / "manifest.json").read_bytes(), object_pairs_hook=_no_duplicates)
    validate_manifest(manifest)
    require(manifest["uid"] == folder.name, "uid", f"is {manifest['uid']}, the folder is {folder.name}")
    require(manifest["onnx"]["bytes"] == len(model), "onnx.bytes", f"the file has {len(model)}")
    digest = hashlib.sha256(model).hexdigest()
    require(manifest["onnx"]["sha256"] == digest, "onnx.sha256", f"the file has {digest}")
    spec = FeatureSpec.from_manifest(manifest["features"], manifest["columns"])
    matrix = transform(spec, table_of([row["input"] for row in manifest["parity"]], spec.kinds()))
    expected = np.array([row["probability"] for row in manifest["parity"]])
    difference = float(np.abs(run_onnx(model, matrix) - expected).max())
    require(difference <= PARITY_TOLERANCE, "parity", f"a row differs by {difference:.3g}")
    return difference

"""The bundle: `manifest.json` and `model.onnx` in a folder named after the uid, as `docs/bundle.md` has it."""

from .validate import InvalidBundle, validate_manifest
from .verify import verify_bundle
from .write import Labelled, export_bundle

__all__ = ["InvalidBundle", "Labelled", "export_bundle", "validate_manifest", "verify_bundle"]

"""Explains some clients of the bundles that ship with the `shap` package: what the server's own explanations are
compared with.

    pip install -r requirements-explain.txt
    python explain_reference.py [--models ../models] [--out ../crates/core/tests/snapshot/shap.json]

Players are the raw inputs, as on the server. shap wants numbers: each input's value is handed to it as its
position among the values that stand in the background or in the client, and looked up again before features are
computed. `PermutationExplainer` runs in batches of its own seeds; the mean over the batches is written, and its
standard error as the batches differ. Takes ten minutes.
"""

import argparse
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
import shap

from bellwether_training import FeatureSpec, table_of, transform

BATCHES = 10
PERMUTATIONS = 8
"""Of each batch, and each with its reverse."""
UNSEEN = "a level nobody has seen"


class Game:
    """One client's score as a function of which of its inputs stand in for a background row's."""

    def __init__(self, folder: Path, client: dict, manifest: dict) -> None:
        self.spec = FeatureSpec.from_manifest(manifest["features"], manifest["columns"])
        table = table_of([*manifest["background"], client], self.spec.kinds())
        self.names = list(table)
        self.values, codes = {}, []
        for name, column in table.items():
            self.values[name], code = np.unique(column, return_inverse=True)
            codes.append(code)
        codes = np.array(codes, dtype=np.float64).T
        self.background, self.client = codes[:-1], codes[-1:]
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])

    def score(self, codes: np.ndarray) -> np.ndarray:
        """The probabilities of rows given by their values' positions."""
        rows = codes.astype(int)
        table = {name: self.values[name][rows[:, at]] for at, name in enumerate(self.names)}
        return self.session.run(["probability"], {"x": transform(self.spec, table)})[0].ravel().astype(np.float64)

    def explain(self) -> dict:
        """The client's Shapley values by input, with their standard errors."""
        masker = shap.maskers.Independent(self.background, max_samples=len(self.background))
        evaluations = PERMUTATIONS * (2 * len(self.names) + 1)
        batches = []
        for seed in range(BATCHES):
            explainer = shap.explainers.Permutation(self.score, masker, seed=seed)
            batches.append(explainer(self.client, max_evals=evaluations, silent=True).values[0])
        errors = np.std(batches, axis=0, ddof=1) / np.sqrt(BATCHES)
        values = zip(np.mean(batches, axis=0).tolist(), errors.tolist(), strict=True)
        return {
            "score": float(self.score(self.client)[0]),
            "base": float(self.score(self.background).mean()),
            "contributions": {
                name: {"value": value, "standard_error": error}
                for name, (value, error) in zip(self.names, values, strict=True)
            },
        }


def clients_of(manifest: dict) -> list[dict]:
    """Two ordinary clients, one of whom a third is missing, and one whose levels nobody has seen."""
    rows = [row["input"] for row in manifest["parity"]]
    gaps = {name: value for at, (name, value) in enumerate(rows[2].items()) if at % 3}
    kinds = FeatureSpec.from_manifest(manifest["features"], manifest["columns"]).kinds()
    strange = {name: UNSEEN if kinds[name].startswith("category") else value for name, value in rows[3].items()}
    return [rows[0], rows[1], gaps, strange]


def reference_of(folder: Path) -> dict:
    """The bundle's clients, explained."""
    document = (folder / "manifest.json").read_bytes()
    manifest = json.loads(document)
    explained = []
    for client in clients_of(manifest):
        explained.append({"input": client, **Game(folder, client, manifest).explain()})
        print(f"{folder.name}: client {len(explained)}", flush=True)
    sha256 = hashlib.sha256(document + manifest["onnx"]["sha256"].encode()).hexdigest()
    return {"sha256": sha256, "clients": explained}


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=here.parent / "models")
    parser.add_argument("--out", type=Path, default=here.parent / "crates/core/tests/snapshot/shap.json")
    args = parser.parse_args()
    folders = sorted(path.parent for path in args.models.glob("*/manifest.json"))
    bundles = {folder.name: reference_of(folder) for folder in folders}
    packages = {name: version(name) for name in ("shap", "onnxruntime", "numpy")}
    written = {"made_by": "training/explain_reference.py", "packages": packages, "bundles": bundles}
    args.out.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

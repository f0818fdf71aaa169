"""The commands write what they promise."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bellwether_training import verify_bundle
from bellwether_training.cli import main
from bellwether_training.export import run_onnx
from bellwether_training.families import FAMILIES
from bellwether_training.features import FeatureSpec, transform
from bellwether_training.table import table_of


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_generate_writes_request_bodies(tmp_path):
    main(["generate", "--rows", "50", "--seed", "9", "--out", str(tmp_path / "a")])
    main(["generate", "--rows", "50", "--seed", "9", "--out", str(tmp_path / "b"), "--ltv", "--label"])
    bare, full = lines(tmp_path / "a"), lines(tmp_path / "b")
    assert len(bare) == 50 and all(row["client_id"].isdigit() for row in bare)
    assert all({"ltv", "churned"} <= set(row) for row in full)
    assert bare == [{key: value for key, value in row.items() if key not in ("ltv", "churned")} for row in full]


@pytest.mark.parametrize("family", [family for family in FAMILIES if FAMILIES[family].trees])
def test_make_bundle_takes_trees_and_depth(family, tmp_path):
    size = ["--rows", "1500", "--trees", "3", "--depth", "4", "--quick"]
    main(["make-bundle", "--family", family, *size, "--out", str(tmp_path), "--reports", str(tmp_path / "reports")])
    folder = tmp_path / f"{family}_20261122t000000z"
    assert verify_bundle(folder) < 2e-6
    plots = list((tmp_path / "reports" / folder.name).glob("*.png"))
    assert len(plots) == 2 and all(1_000 < plot.stat().st_size < 100_000 for plot in plots)


def test_trees_mean_nothing_for_logistic_regression(tmp_path):
    with pytest.raises(SystemExit, match="--trees means nothing"):
        main(["make-bundle", "--family", "logistic_regression", "--trees", "3", "--out", str(tmp_path)])


def test_a_parity_set_scores_fresh_clients_with_every_family(tmp_path):
    main(["parity-set", "--rows", "300", "--train-rows", "1500", "--out", str(tmp_path)])
    clients = lines(tmp_path / "clients.ndjson")
    assert len(clients) == 300
    for family in FAMILIES:
        folder = tmp_path / f"{family}_20261122t000000z"
        manifest = json.loads((folder / "manifest.json").read_bytes())
        spec = FeatureSpec.from_manifest(manifest["features"], manifest["columns"])
        matrix = transform(spec, table_of(clients, spec.kinds()))
        expected = json.loads((tmp_path / f"{folder.name}.probabilities.json").read_bytes())
        assert np.abs(run_onnx((folder / "model.onnx").read_bytes(), matrix) - expected).max() < 2e-6


def test_the_benchmark_of_onnxruntime_reports_nanoseconds_a_row(tmp_path):
    main(["make-bundle", "--family", "xgboost", "--rows", "1500", "--trees", "3", "--quick", "--out", str(tmp_path)])
    script = Path(__file__).parents[1] / "bench_onnxruntime.py"
    bundle = tmp_path / "xgboost_20261122t000000z"
    ran = subprocess.run([sys.executable, script, bundle, "--seconds", "0.1"], capture_output=True, check=True)
    batches = json.loads(ran.stdout)["batches"]
    measured = [(batch["rows"], batch["inputs"]) for batch in batches]
    assert measured == [(1, "different"), (1, "same"), (256, "different"), (256, "same")]
    assert all(100 < batch["median_ns_per_row"] < 10_000_000 for batch in batches)

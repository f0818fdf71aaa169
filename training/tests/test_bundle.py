"""A bundle keeps the format strictly, is the same bytes every time, and proves itself by its parity rows."""

import copy
import doctest
import json
import random
from pathlib import Path

import numpy as np
import pytest

from bellwether_training import InvalidBundle, schema, validate_manifest, verify_bundle
from bellwether_training.bundle import write
from bellwether_training.bundle.json_text import manifest_text
from bellwether_training.families import FAMILIES
from bellwether_training.features import FeatureSpec, transform
from bellwether_training.table import table_of
from bellwether_training.training import save, set_up

from .conftest import train_small

SHIPPED = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def folders(models, bench, tmp_path_factory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("bundles")
    return {family: save(trained, bench, out) for family, trained in models.items()}


@pytest.fixture(scope="module")
def manifest(folders) -> dict:
    return json.loads((folders["xgboost"] / "manifest.json").read_bytes())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_familys_bundle_keeps_the_format_and_its_parity(family, folders):
    assert verify_bundle(folders[family]) < 2e-6


@pytest.mark.parametrize("family", FAMILIES)
def test_parity_probabilities_are_the_classifiers_own(family, folders, models, bench):
    parity = json.loads((folders[family] / "manifest.json").read_bytes())["parity"]
    matrix = transform(bench.spec, table_of([row["input"] for row in parity], bench.spec.kinds()))
    expected = models[family].classifier.predict_proba(matrix)[:, 1]
    assert [row["probability"] for row in parity] == expected.tolist()


@pytest.mark.parametrize("family", FAMILIES)
def test_two_runs_give_the_same_bytes_whatever_the_jobs(family, folders, tmp_path):
    again = set_up(5_000, seed=5)
    folder = save(train_small(family, again, jobs=2), again, tmp_path)
    for name in ("manifest.json", "model.onnx"):
        assert (folder / name).read_bytes() == (folders[family] / name).read_bytes(), name


def test_parity_rows_hold_what_is_odd(manifest):
    inputs = [row["input"] for row in manifest["parity"]]
    spec = FeatureSpec.from_manifest(manifest["features"], manifest["columns"])
    rare = {(feature["name"], value) for feature in manifest["features"] for value in feature.get("rare", ())}
    assert len(inputs) >= 50
    assert {} in inputs
    for name in spec.kinds():
        assert any(name not in request and len(request) > 5 for request in inputs), name
    assert any((name, value) in rare for request in inputs for name, value in request.items())
    assert any("a level nobody has seen ✓" in request.values() for request in inputs)
    assert any(request.get("activity_score") == 0 == request.get("profile_score") for request in inputs)
    numbers = [value for request in inputs for value in request.values() if isinstance(value, float)]
    assert min(numbers) < -1e300 and max(numbers) > 1e300
    dates = {request.get("acquired_date") for request in inputs}
    assert {"1900-01-01", "2024-02-29", "2026-01-01"} <= dates


def test_parity_scores_are_spread_out(manifest):
    scores = [row["probability"] for row in manifest["parity"]]
    assert max(scores) - min(scores) > 0.3


def test_the_statistics_are_those_of_the_training_rows(manifest, bench):
    statistics = manifest["statistics"]
    assert statistics["rows"] == 4_000
    stars = bench.training.inputs["average_stars"]
    assert statistics["features"]["average_stars"]["missing_rate"] == np.isnan(stars).mean()
    assert statistics["features"]["average_stars"]["quantiles"][50] == np.nanmedian(stars)
    for name in schema.CATEGORICAL:
        assert sum(statistics["features"][name]["shares"].values()) == pytest.approx(1)
    assert all(len(year) == 4 for year in statistics["features"]["acquired_date"]["shares"])


def test_a_manifest_reads_back_as_the_same_numbers(manifest):
    assert json.loads(manifest_text(manifest)) == manifest


PLACES = (
    "",
    "onnx",
    "statistics",
    "statistics.score",
    "statistics.features",
    "statistics.features.xp_points",
    "metrics",
    "features.0",
    "features.9",
    "features.10",
    "features.10.levels.0",
    "features.-1",
    "features.-1.year",
    "parity.0",
)
"""Objects with fixed keys, by the way to them."""


@pytest.mark.parametrize("place", PLACES)
def test_an_unknown_or_absent_key_is_refused_at_every_level(place, manifest):
    for change in (lambda target: target.update(surprise=1), lambda target: target.popitem()):
        target = changed = copy.deepcopy(manifest)
        for step in filter(None, place.split(".")):
            target = target[int(step)] if isinstance(target, list) else target[step]
        change(target)
        with pytest.raises(InvalidBundle):
            validate_manifest(changed)


BROKEN = {
    "format": lambda m: m.update(format=2),
    "uid": lambda m: m.update(uid="Capitals"),
    "name": lambda m: m.update(name=""),
    "family": lambda m: m.update(family="oracle"),
    "created_at": lambda m: m.update(created_at="2026-11-22"),
    "onnx.file": lambda m: m["onnx"].update(file="../model.onnx"),
    "columns are not each filled": lambda m: m.update(columns=m["columns"] + 1),
    "a second feature": lambda m: m["features"].append(m["features"][0]),
    "unknown kind": lambda m: m["features"][0].update(kind="magic"),
    "std is not above 0": lambda m: m["features"][0].update(std=0.0),
    "mean is no finite number": lambda m: m["features"][0].update(mean=float("nan")),
    "numerator or denominator": lambda m: m["features"][9].update(numerator="nothing"),
    "a level stands twice": lambda m: m["features"][10]["levels"].append(m["features"][10]["levels"][0]),
    "a level is rare as well": lambda m: m["features"][10]["rare"].append("level_1"),
    "expected 101 quantiles": lambda m: m["statistics"]["score"]["quantiles"].pop(),
    "quantiles do not ascend": lambda m: m["statistics"]["score"]["quantiles"].reverse(),
    "metrics.f1": lambda m: m["metrics"].update(f1=float("inf")),
    "training": lambda m: m["training"].update(nested={}),
    "parity": lambda m: m["parity"].__delitem__(slice(49, None)),
    "background": lambda m: m["background"].pop(),
    "holds a field that is no input": lambda m: m["background"][0].update(client_id="1"),
    "expected a finite number": lambda m: m["background"][0].update(xp_points="1"),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_manifest_is_refused_with_the_reason(reason, manifest):
    changed = copy.deepcopy(manifest)
    BROKEN[reason](changed)
    with pytest.raises(InvalidBundle, match=reason):
        validate_manifest(changed)


def copied(folder: Path, to: Path) -> Path:
    target = to / folder.name
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_a_model_that_was_changed_on_disk_is_refused(folders, tmp_path):
    folder = copied(folders["xgboost"], tmp_path)
    model = bytearray((folder / "model.onnx").read_bytes())
    model[random.Random(0).randrange(len(model))] ^= 1
    (folder / "model.onnx").write_bytes(model)
    with pytest.raises(InvalidBundle, match="sha256"):
        verify_bundle(folder)


def test_a_parity_row_that_does_not_come_out_is_refused(folders, tmp_path):
    folder = copied(folders["xgboost"], tmp_path)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["parity"][7]["probability"] *= 0.999
    (folder / "manifest.json").write_text(manifest_text(manifest))
    with pytest.raises(InvalidBundle, match="parity: a row differs"):
        verify_bundle(folder)


def test_a_folder_with_another_name_is_refused(folders, tmp_path):
    folder = copied(folders["xgboost"], tmp_path)
    with pytest.raises(InvalidBundle, match="uid"):
        verify_bundle(folder.rename(tmp_path / "other"))


def test_the_example_in_the_documentation_works():
    failed, tried = doctest.testmod(write)
    assert tried > 0 and failed == 0


@pytest.mark.parametrize("family", ["random_forest", "xgboost"])
def test_a_bundle_that_ships_is_good_small_and_honest(family):
    folder = SHIPPED / f"{family}_20261122t000000z"
    assert verify_bundle(folder) < 2e-6
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 4_000_000
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert 0.78 < manifest["metrics"]["roc_auc"] < 0.83
    assert manifest["metrics"]["cutoff"] == 0.65


def test_the_bundles_that_ship_share_their_features():
    features = [json.loads(path.read_bytes())["features"] for path in sorted(SHIPPED.glob("*/manifest.json"))]
    assert len(features) == 2 and features[0] == features[1]

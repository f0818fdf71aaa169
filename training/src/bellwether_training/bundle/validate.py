"""The strict reading of a manifest: what a server would refuse is refused here, before it ships.

Bundles on disk, their hashes and parity rows, belong to `verify`.
"""

import math
import re
from collections.abc import Callable

from ..features import FeatureSpec
from ..table import table_of

FAMILIES = (
    "random_forest",
    "extra_trees",
    "xgboost",
    "lightgbm",
    "hist_gradient_boosting",
    "logistic_regression",
    "custom",
)
MAX_MODEL_BYTES = 256 * 2**20


class InvalidBundle(ValueError):
    """A bundle breaks the format; the text says where and how."""


def require(condition: bool, where: str, what: str) -> None:
    """Raises InvalidBundle, naming the place, unless the condition holds."""
    if not condition:
        raise InvalidBundle(f"{where}: {what}")


def _keys(value: object, where: str, keys: str) -> None:
    require(isinstance(value, dict), where, "expected an object")
    expected = set(keys.split())
    require(set(value) == expected, where, f"keys {sorted(set(value) ^ expected)} are unknown or absent")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _list_of(check: Callable[[object], bool], value: object) -> bool:
    return isinstance(value, list) and all(check(item) for item in value)


def validate_manifest(manifest: object) -> None:
    """Checks a manifest's keys, types, bounds and columns, strictly.

    Raises:
        InvalidBundle: naming the first thing at fault.
    """
    _keys(
        manifest,
        "manifest",
        "format uid name family created_at onnx columns features statistics metrics training parity background",
    )
    require(manifest["format"] == 1, "format", "only 1 is known")
    require(_matches(r"[a-z0-9_]{1,64}", manifest["uid"]), "uid", "expected [a-z0-9_]{1,64}")
    require(_is_text(manifest["name"]) and 1 <= len(manifest["name"]) <= 120, "name", "expected 1 to 120 characters")
    require(manifest["family"] in FAMILIES, "family", f"expected one of {', '.join(FAMILIES)}")
    stamp = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z"
    require(_matches(stamp, manifest["created_at"]), "created_at", "expected RFC 3339 in UTC")
    _validate_onnx(manifest["onnx"])
    names = _validate_features(manifest["features"], manifest["columns"])
    _validate_statistics(manifest["statistics"], names)
    _validate_metrics(manifest["metrics"])
    flat = isinstance(manifest["training"], dict) and all(
        _is_text(value) or _is_number(value) for value in manifest["training"].values()
    )
    require(flat, "training", "expected a flat object of strings and numbers")
    _validate_rows(manifest)


def _matches(pattern: str, value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _validate_onnx(onnx: object) -> None:
    _keys(onnx, "onnx", "file sha256 bytes input output")
    require(onnx["file"] == "model.onnx", "onnx.file", "expected model.onnx")
    require(_matches(r"[0-9a-f]{64}", onnx["sha256"]), "onnx.sha256", "expected 64 hex digits")
    require(_is_count(onnx["bytes"]) and onnx["bytes"] <= MAX_MODEL_BYTES, "onnx.bytes", "over 256 MiB")
    require((onnx["input"], onnx["output"]) == ("x", "probability"), "onnx", "expected x and probability")


def _validate_features(features: object, columns: object) -> dict[str, str]:
    """Checks the features; gives each raw input's name and kind."""
    require(_is_count(columns) and columns > 0, "columns", "expected a positive whole number")
    require(_list_of(lambda item: isinstance(item, dict), features), "features", "expected a list of objects")
    filled: list[int] = []
    kinds: dict[str, str] = {}
    for place, feature in enumerate(features):
        where = f"features[{place}]"
        check = _FEATURES.get(feature.get("kind"))
        require(check is not None, where, f"unknown kind {feature.get('kind')!r}")
        require(_is_text(feature.get("name")), where, "expected a name")
        require(feature["name"] not in kinds, where, f"a second feature named {feature['name']}")
        kinds[feature["name"]] = feature["kind"]
        filled += [column for column in check(feature, where) if column is not None]
    numeric = {name for name, kind in kinds.items() if kind == "numeric"}
    for feature in features:
        if feature["kind"] == "ratio":
            known = {feature["numerator"], feature["denominator"]} <= numeric
            require(known, feature["name"], "its numerator or denominator is no numeric feature")
    require(sorted(filled) == list(range(columns)), "features", "columns are not each filled exactly once")
    return {name: kind for name, kind in kinds.items() if kind != "ratio"}


def _validate_numeric(feature: dict, where: str) -> list[int | None]:
    _keys(feature, where, "kind name column clip_min log fill mean std")
    require(feature["clip_min"] is None or _is_number(feature["clip_min"]), where, "clip_min is no number")
    return _validate_scaling(feature, where)


def _validate_ratio(feature: dict, where: str) -> list[int | None]:
    _keys(feature, where, "kind name numerator denominator column log fill mean std")
    return _validate_scaling(feature, where)


def _validate_scaling(feature: dict, where: str) -> list[int | None]:
    require(isinstance(feature["log"], bool), where, "log is no boolean")
    for key in ("fill", "mean", "std"):
        require(_is_number(feature[key]), where, f"{key} is no finite number")
    require(feature["std"] > 0, where, "std is not above 0")
    return [_column(feature["column"], where)]


def _column(column: object, where: str) -> int | None:
    require(column is None or _is_count(column), where, "column is neither null nor a whole number")
    return column


def _validate_categorical(feature: dict, where: str) -> list[int | None]:
    _keys(feature, where, "kind name levels rare accept_numbers")
    require(isinstance(feature["accept_numbers"], bool), where, "accept_numbers is no boolean")
    return _validate_levels(feature, where)


def _validate_date(feature: dict, where: str) -> list[int | None]:
    _keys(feature, where, "kind name quarter year")
    columns = []
    for part in ("quarter", "year"):
        _keys(feature[part], f"{where}.{part}", "levels rare")
        columns += _validate_levels(feature[part], f"{where}.{part}")
    return columns


def _validate_levels(feature: dict, where: str) -> list[int | None]:
    require(_list_of(_is_text, feature["rare"]), where, "rare is no list of strings")
    require(isinstance(feature["levels"], list), where, "levels is no list")
    for level in feature["levels"]:
        _keys(level, f"{where}.levels", "value column")
        require(_is_text(level["value"]), where, "a level's value is no string")
    values = [level["value"] for level in feature["levels"]]
    require(len(set(values)) == len(values), where, "a level stands twice")
    require(not set(values) & set(feature["rare"]), where, "a level is rare as well")
    return [_column(level["column"], where) for level in feature["levels"]]


_FEATURES = {
    "numeric": _validate_numeric,
    "ratio": _validate_ratio,
    "categorical": _validate_categorical,
    "date": _validate_date,
}


def _validate_statistics(statistics: object, kinds: dict[str, str]) -> None:
    _keys(statistics, "statistics", "rows features score")
    require(_is_count(statistics["rows"]), "statistics.rows", "expected a whole number")
    _keys(statistics["score"], "statistics.score", "quantiles")
    _validate_quantiles(statistics["score"]["quantiles"], "statistics.score")
    features = statistics["features"]
    require(isinstance(features, dict) and set(features) == set(kinds), "statistics.features", "not the inputs")
    for name, kind in kinds.items():
        where = f"statistics.features.{name}"
        _keys(features[name], where, "missing_rate quantiles" if kind == "numeric" else "missing_rate shares")
        rate = features[name]["missing_rate"]
        require(_is_number(rate) and 0 <= rate <= 1, where, "missing_rate is no share")
        if kind == "numeric":
            _validate_quantiles(features[name]["quantiles"], where)
        else:
            shares = features[name]["shares"]
            good = isinstance(shares, dict) and all(_is_number(share) and 0 <= share <= 1 for share in shares.values())
            require(good, where, "shares are no shares")


def _validate_quantiles(values: object, where: str) -> None:
    require(_list_of(_is_number, values) and len(values) == 101, where, "expected 101 quantiles")
    require(sorted(values) == values, where, "quantiles do not ascend")


def _validate_metrics(metrics: object) -> None:
    _keys(metrics, "metrics", "rows log_loss brier roc_auc f1 balanced_accuracy cutoff")
    for key, value in metrics.items():
        require(_is_number(value), f"metrics.{key}", "expected a finite number")


def _validate_rows(manifest: dict) -> None:
    parity, background = manifest["parity"], manifest["background"]
    require(isinstance(parity, list) and len(parity) >= 50, "parity", "expected at least 50 rows")
    for row in parity:
        _keys(row, "parity", "input probability")
        require(_is_number(row["probability"]) and 0 <= row["probability"] <= 1, "parity", "no probability")
    require(isinstance(background, list) and len(background) == 100, "background", "expected 100 rows")
    kinds = FeatureSpec.from_manifest(manifest["features"], manifest["columns"]).kinds()
    for place, request in enumerate([*(row["input"] for row in parity), *background]):
        require(isinstance(request, dict), f"request {place}", "expected an object")
        require(set(request) <= set(kinds), f"request {place}", "holds a field that is no input")
        try:
            table_of([request], kinds)
        except ValueError as error:
            raise InvalidBundle(f"request {place}: {error}") from None

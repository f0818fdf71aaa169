"""What scripts/sbom lists, and what it refuses."""

import sys
import tomllib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
MACHINE = "x86_64"


def program():
    """scripts/sbom as a module: a script's name has no ending to import it by."""
    loader = SourceFileLoader("sbom", str(ROOT / "scripts/sbom"))
    module = module_from_spec(spec_from_loader("sbom", loader))
    sys.modules["sbom"] = module
    loader.exec_module(module)
    return module


sbom = program()


def crates_of(package: str) -> set[str]:
    crates = sbom.linked(MACHINE)
    root = next(crate for crate in crates.needs if crate[0] == package)
    return {name for name, _ in crates.closure(root)}


def image_of(*paths: str) -> object:
    binary = b"\0".join(path.encode() for path in paths) + b"\0rustc version 1.95.0 (59807616e 2026-04-14)\0"
    return sbom.Image("bellwether-api", "sha256:0", MACHINE, binary)


def test_a_bill_has_what_is_linked_and_not_what_builds_or_tests():
    api = crates_of("bellwether-api")
    assert {"actix-web", "tract-onnx", "sqlx-mysql", "ring", "libsqlite3-sys"} <= api
    assert not api & {"serde_derive", "cc", "proptest", "tempfile", "bellwether-testkit", "windows-sys", "openssl-sys"}


def test_each_binary_has_its_own_bill():
    assert "plotters" in crates_of("bellwether-cli")
    assert "plotters" not in crates_of("bellwether-api")
    assert "bellwether-api" not in crates_of("bellwether-worker")


def test_every_crate_of_a_registry_has_licence_checksum_and_address():
    made = sbom.bill("bellwether-api", None, MACHINE)
    for component in made["components"]:
        assert component["licenses"], component["name"]
        ours = component["name"].startswith("bellwether")
        assert ours == ("purl" not in component and "cpe" not in component), component["name"]
        assert "cpe" in component or ours or len(component["hashes"][0]["content"]) == 64, component["name"]


def test_c_libraries_compiled_in_are_listed_with_their_own_versions():
    made = sbom.bill("bellwether-api", None, MACHINE)
    versions = {one["name"]: one["version"] for one in made["components"] if "cpe" in one}
    assert set(versions) == {"sqlite", "zstandard", "jemalloc", "rust"}
    assert all(version[0].isdigit() and version.count(".") >= 2 for version in versions.values()), versions


def test_a_binary_that_names_a_crate_which_is_not_listed_is_refused():
    root, zstd = ("bellwether-api", VERSION), ("zstd-sys", "2.1.2+zstd.1.5.7")
    source = "/usr/local/cargo/registry/src/index.crates.io-1949cf8c6b5b557f/zstd-sys-2.1.2+zstd.1.5.7/src/lib.rs"
    image = image_of("crates/api/src/startup.rs", source)
    sbom.compare(image, root, {root, zstd})
    with pytest.raises(SystemExit, match=r"names zstd-sys@2\.1\.2\+zstd\.1\.5\.7"):
        sbom.compare(image, root, {root, ("zstd-sys", "2.0.0+zstd.1.5.6")})


def test_a_binary_that_is_another_service_is_refused():
    image = image_of("crates/worker/src/startup.rs")
    with pytest.raises(SystemExit, match="does not name bellwether-api@"):
        sbom.compare(image, ("bellwether-api", VERSION), {("bellwether-worker", VERSION)})


def test_a_debian_package_is_called_as_scanners_know_it():
    package = {"Package": "libgcc-s1", "Version": "12.2.0-14+deb12u1", "Architecture": "amd64", "Source": "gcc-12"}
    component = sbom.debian_component(package, {"ID": "debian", "VERSION_ID": "12"})
    address = "pkg:deb/debian/libgcc-s1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12"
    assert component["purl"] == address

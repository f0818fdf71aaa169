"""What the project itself says: its settings, its routes, its images. The manifests are held against it."""

import importlib.util
import re
import tomllib
from functools import lru_cache

import yaml

from rendered import PROJECT, Container

# Which settings say where a service listens; of those only what is of the service itself is ever bound.
BINDS = {
    "bellwether-api": ["SERVER__BIND", "SERVER__METRICS_BIND"],
    "bellwether-worker": ["WORKER__BIND"],
    "bellwether-config-admin": ["CONSOLE__BIND"],
}
# What third parties' images listen on, as their makers say.
LISTENS = {"redis": {6379}, "mysql": {3306}, "mailpit": {1025, 8025}, "moto": {5000}}
ROUTES_OF = {
    "bellwether-api": "crates/api/src/startup.rs",
    "bellwether-worker": "crates/worker/src/http.rs",
    "bellwether-config-admin": "crates/config-admin/src/startup.rs",
}
# Variables that are no settings.
BESIDE_SETTINGS = {"BELLWETHER_FIRST_PASSWORD"}


@lru_cache
def defaults() -> dict:
    return tomllib.loads((PROJECT / "crates/settings/default.toml").read_text())


def default_of(variable: str):
    """The default of `BELLWETHER__SERVER__BIND`; none where there is no such setting."""
    found = defaults()
    for name in variable.removeprefix("BELLWETHER__").lower().split("__"):
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return None if isinstance(found, dict) else found


def setting(container: Container, key: str):
    """What a setting is in a container, as `SERVER__DRAIN_SECONDS`; a number where its default is one."""
    default = default_of(f"BELLWETHER__{key}")
    assert default is not None, f"there is no setting {key}"
    given = container.environment.get(f"BELLWETHER__{key}")
    return default if given is None else type(default)(given)


def listens(container: Container) -> dict[int, str]:
    """The ports that can be reached from outside the pod, and which setting opens each."""
    if not container.ours:
        return dict.fromkeys(LISTENS.get(container.image, set()), "")
    found = {}
    for key in BINDS.get(container.image, []):
        address = setting(container, key)
        host, _, port = address.rpartition(":")
        if host in ("0.0.0.0", "[::]"):
            found[int(port)] = key
    return found


@lru_cache
def routes(image: str) -> frozenset[str]:
    """The routes that a service's source lists."""
    source = (PROJECT / ROUTES_OF[image]).read_text()
    found = frozenset(re.findall(r'(?:resource|\.route)\(\s*"(/[^"]*)"', source))
    assert {"/health", "/ready", "/metrics"} <= found, f"the routes of {image} are not where they were"
    return found


def served(container: Container, port: int) -> frozenset[str]:
    """The routes that a service of ours answers on a port."""
    known = routes(container.image)
    if container.image == "bellwether-api" and setting(container, "SERVER__METRICS_BIND"):
        on_metrics = listens(container).get(port) == "SERVER__METRICS_BIND"
        return frozenset({"/metrics"}) if on_metrics else known - {"/metrics"}
    return known


@lru_cache
def version() -> str:
    manifest = tomllib.loads((PROJECT / "Cargo.toml").read_text())
    return manifest["workspace"]["package"]["version"]


@lru_cache
def built_images() -> frozenset[str]:
    """The images that deploy/docker builds: the cli's is called after the project."""
    files = (PROJECT / "deploy/docker").glob("*.Dockerfile")
    services = [file.name.removesuffix(".Dockerfile") for file in files]
    return frozenset("bellwether" if name == "cli" else f"bellwether-{name}" for name in services)


@lru_cache
def composed_images() -> frozenset[str]:
    """The images of docker-compose.yml, tags included, with the defaults of its variables."""
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    images = [service["image"] for service in compose["services"].values() if "image" in service]
    return frozenset(re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", image) for image in images)


def module(path: str):
    """A script of the manifests, as a module."""
    file = PROJECT / path
    spec = importlib.util.spec_from_file_location(file.stem, file)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@lru_cache
def local_secret_keys() -> frozenset[str]:
    """The keys of the Secret that the local installation makes."""
    return frozenset(module("k8s/overlays/local/secrets/make_secrets.py").values(0, "bellwether"))

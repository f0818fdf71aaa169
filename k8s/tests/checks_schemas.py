"""Whether each resource is what Kubernetes takes, by its own schemas, strictly: a key that it does not know is a fault."""

import json
from collections.abc import Iterator
from functools import lru_cache

import kubernetes_validate
from kubernetes_validate.utils import all_versions

from rendered import Rendered

# Not Kubernetes' own, so it has no schema of theirs: their parts are looked at by `checks_references.scaling` and
# `environment_sources`, and below.
OTHERS = {
    ("keda.sh/v1alpha1", "ScaledObject"): {"scaleTargetRef", "triggers"},
    ("keda.sh/v1alpha1", "TriggerAuthentication"): {"secretTargetRef"},
    ("external-secrets.io/v1", "SecretStore"): {"provider"},
    ("external-secrets.io/v1", "ExternalSecret"): {"secretStoreRef", "target", "dataFrom"},
}


def newest() -> list[str]:
    """The newest patch of each of the three newest minor versions that the package has."""
    of_minor = {tuple(map(int, version.split(".")[:2])): version for version in all_versions()}
    return [of_minor[minor] for minor in sorted(of_minor)[-3:]]


def valid(rendered: Rendered, version: str) -> Iterator[str]:
    """Every resource is valid in this version of Kubernetes, or is one of the few that are not its own."""
    for resource in rendered.resources:
        name = f"{resource['kind']} {resource['metadata']['name']}"
        if needs := OTHERS.get((resource["apiVersion"], resource["kind"])):
            if missing := needs - set(resource["spec"]):
                yield f"{name}: lacks {missing}"
            continue
        if fault := fault_of(json.dumps(resource), version):
            yield f"{name}: {fault}"


@lru_cache(maxsize=None)
def fault_of(resource: str, version: str) -> str:
    """What is wrong with one resource, as JSON. Overlays have many in common, and a schema takes its time."""
    try:
        kubernetes_validate.validate(json.loads(resource), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        return f"Kubernetes {version} knows it not"
    return ""

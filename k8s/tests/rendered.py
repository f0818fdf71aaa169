"""What `kubectl kustomize` makes of a folder, and how its resources hang together: pods, their labels and environment.

Judges nothing; that is for the checks.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
Resource = dict[str, Any]


def kubectl() -> str:
    """The kubectl that install-test-tools fetched, else the machine's own."""
    fetched = PROJECT / ".venv/kubectl/kubectl"
    found = str(fetched) if fetched.exists() else shutil.which("kubectl")
    assert found, "there is no kubectl: run scripts/install-test-tools"
    return found


@lru_cache
def text_of(folder: str) -> str:
    """A folder of k8s/ as the YAML that would be applied."""
    command = [kubectl(), "kustomize", str(PROJECT / "k8s" / folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": "/tmp"})
    assert done.returncode == 0, done.stderr
    # What kustomize says beside it are things that a later version of it will refuse.
    assert done.stderr == "", done.stderr
    return done.stdout


@lru_cache
def parsed(folder: str) -> tuple[Resource, ...]:
    """The resources of a folder; not to be changed."""
    return tuple(yaml.safe_load_all(text_of(folder)))


def render(folder: str) -> "Rendered":
    """A folder's resources, one's own to change."""
    return Rendered(folder, deepcopy(list(parsed(folder))))


@dataclass
class Pod:
    """The pods of one workload, which are alike."""

    workload: Resource
    spec: Resource
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def kind(self) -> str:
        return self.workload["kind"]

    @property
    def name(self) -> str:
        return self.workload["metadata"]["name"]

    @property
    def ends(self) -> bool:
        """Whether it ends by itself, and serves nobody."""
        return self.kind in ("Job", "CronJob")

    @property
    def containers(self) -> list[Resource]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass
class Container:
    """One container with the environment that it is started with."""

    pod: Pod
    spec: Resource
    environment: dict[str, str]

    @property
    def image(self) -> str:
        """The image's name without registry and tag."""
        return self.spec["image"].rsplit(":", 1)[0].rsplit("/", 1)[-1]

    @property
    def tag(self) -> str:
        name = self.spec["image"].rsplit("/", 1)[-1]
        return name.partition(":")[2]

    @property
    def ours(self) -> bool:
        return self.image.split("-")[0] == "bellwether"

    def __str__(self) -> str:
        return f"{self.pod}, container {self.spec['name']}"


@dataclass
class Rendered:
    """All resources of one folder."""

    folder: str
    resources: list[Resource] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Resource]:
        return [resource for resource in self.resources if resource["kind"] in kinds]

    def find(self, kind: str, name: str) -> Resource | None:
        found = [resource for resource in self.of(kind) if resource["metadata"]["name"] == name]
        return found[0] if found else None

    def remove(self, kind: str, name: str) -> None:
        self.resources.remove(self.find(kind, name))

    @property
    def pods(self) -> list[Pod]:
        """The pods of every workload."""
        found = []
        for workload in self.of("Deployment", "StatefulSet", "Job", "DaemonSet", "CronJob", "Pod"):
            assert workload["kind"] not in ("DaemonSet", "Pod"), f"no check knows {workload['kind']}"
            spec = workload["spec"]
            template = (spec["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else spec)["template"]
            metadata = template["metadata"]
            found.append(
                Pod(workload, template["spec"], metadata.get("labels", {}), metadata.get("annotations", {}))
            )
        return found

    def pod(self, kind: str, name: str) -> Pod:
        return next(pod for pod in self.pods if (pod.kind, pod.name) == (kind, name))

    @property
    def containers(self) -> Iterator[Container]:
        for pod in self.pods:
            for spec in pod.containers:
                yield Container(pod, spec, self.environment(spec))

    def environment(self, container: Resource) -> dict[str, str]:
        """What a container finds in its environment. What is in a Secret, or told by Kubernetes, stands in <>."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            configmap = self.find("ConfigMap", source["configMapRef"]["name"])
            found |= (configmap or {}).get("data") or {}
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {})
            if "secretKeyRef" in source:
                value = f"<secret {source['secretKeyRef']['name']} {source['secretKeyRef']['key']}>"
            elif "fieldRef" in source:
                value = f"<field {source['fieldRef']['fieldPath']}>"
            else:
                value = variable["value"]
            found[variable["name"]] = value
        return found

    @cached_property
    def namespace(self) -> str:
        return self.of("Namespace")[0]["metadata"]["name"]


def matches(selector: Resource | None, labels: dict[str, str]) -> bool:
    """Whether a label selector selects labels; an empty one selects everything."""
    selector = selector or {}
    alike = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return alike and all(fits(expression, labels) for expression in selector.get("matchExpressions", []))


def fits(expression: Resource, labels: dict[str, str]) -> bool:
    """Whether labels are as an expression says."""
    value, operator = labels.get(expression["key"]), expression["operator"]
    match operator:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise AssertionError(f"no such operator: {operator}")

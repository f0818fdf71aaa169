"""Pods as containers of a Docker engine, as near as these come to it: image, command, environment, user, read-only root,
limits, volumes, names in the DNS, probes, and being started again when they end. Network policies, and what a cluster
decides, are not in it.
"""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path

from checks_workloads import port_number
from rendered import Container, Pod, Rendered, matches

# So that a test need not wait for a minute until an object is written.
SOONER = {"BELLWETHER__ARCHIVE__BATCH_SECONDS": "1"}
AS_ROOT = ["--user", "0:0", "--entrypoint", "sh"]


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0 or not check, f"docker {' '.join(arguments[:3])}…: {done.stderr}"
    return done


def is_there() -> bool:
    """Whether a Docker engine answers."""
    try:
        return docker("version", "--format", "{{.Server.Version}}", check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def tagged(container: Container) -> str:
    """The image to run: ours by the tag that the environment names, if it does."""
    tag = os.environ.get("BELLWETHER_TAG")
    return f"{container.image}:{tag}" if container.ours and tag else container.spec["image"]


def missing_images(rendered: Rendered) -> list[str]:
    wanted = sorted({tagged(container) for container in rendered.containers})
    return [image for image in wanted if docker("image", "inspect", image, check=False).returncode]


class Cluster:
    """The pods of a rendered folder on an engine, one of each workload."""

    def __init__(self, rendered: Rendered, secrets: dict[str, str]):
        self.rendered, self.secrets = rendered, secrets
        self.name = f"bellwether-pods-{os.getpid()}"
        self.folder = tempfile.TemporaryDirectory()
        # Users of containers read what is in it.
        Path(self.folder.name).chmod(0o755)
        docker("network", "create", self.name)

    def close(self) -> None:
        label = f"label=cluster={self.name}"
        containers = docker("ps", "--all", "--quiet", "--filter", label).stdout.split()
        if containers:
            docker("rm", "--force", "--volumes", *containers)
        for volume in docker("volume", "ls", "--quiet", "--filter", label).stdout.split():
            docker("volume", "rm", volume)
        docker("network", "rm", self.name)
        self.folder.cleanup()

    def container(self, pod: Pod, spec: dict) -> str:
        return f"{self.name}-{pod.name}-{spec['name']}"

    def start(self, pod: Pod) -> None:
        """Starts a pod; volumes that are there from its life before are taken up."""
        first = None
        for spec in pod.containers:
            container = Container(pod, spec, self.rendered.environment(spec))
            network = ["--network", f"container:{first}"] if first else self.network(pod)
            again = "no" if pod.spec.get("restartPolicy") == "Never" else "on-failure"
            if not pod.ends:
                again = "always"
            limits = spec["resources"]["limits"]
            cpu = limits["cpu"]
            arguments = [
                *["--detach", "--name", self.container(pod, spec), "--label", f"cluster={self.name}"],
                *["--restart", again, *network],
                *["--memory", limits["memory"].replace("Mi", "m").replace("Gi", "g")],
                *["--cpus", str(int(cpu[:-1]) / 1000) if cpu.endswith("m") else cpu],
                *self.security(pod, container),
                *self.environment(pod, container),
                *self.volumes(pod, spec),
            ]
            command = [*spec.get("command", []), *spec.get("args", [])]
            if "command" in spec:
                arguments += ["--entrypoint", command.pop(0)]
            docker("run", *arguments, tagged(container), *command)
            first = first or self.container(pod, spec)

    def network(self, pod: Pod) -> list[str]:
        """Names by which it is found, and its ports on loopback, as `kubectl port-forward` has them."""
        services = self.rendered.of("Service")
        services = [s for s in services if matches({"matchLabels": s["spec"]["selector"]}, pod.labels)]
        names = [name for s in services for name in ("--network-alias", s["metadata"]["name"])]
        ports = [port["containerPort"] for spec in pod.containers for port in spec.get("ports", [])]
        published = [part for port in ports for part in ("--publish", f"127.0.0.1::{port}")]
        return ["--network", self.name, "--hostname", self.hostname(pod), *names, *published]

    def hostname(self, pod: Pod) -> str:
        return f"{pod.name}-0" if pod.kind == "StatefulSet" else pod.name

    def security(self, pod: Pod, container: Container) -> list[str]:
        user = pod.spec["securityContext"]
        if (theirs := self.image_user(container)) is not None and theirs != user["runAsUser"]:
            warnings.warn(f"{pod.name} runs as its image has it: mysql is {theirs} there, not {user['runAsUser']}", stacklevel=2)
            return []
        restricted = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        return [*restricted, "--user", f"{user['runAsUser']}:{user['runAsGroup']}"]

    def image_user(self, container: Container) -> int | None:
        """The number of the user mysql in its image: there are builds that have another than the one that is meant."""
        if container.image != "mysql":
            return None
        return int(docker("run", "--rm", "--entrypoint", "id", container.spec["image"], "-u", "mysql").stdout)

    def environment(self, pod: Pod, container: Container) -> list[str]:
        told = []
        for name, value in (container.environment | (SOONER if container.ours else {})).items():
            if value.startswith("<secret "):
                value = self.secrets[value.rstrip(">").split()[-1]]
            fields = {"<field metadata.name>": self.hostname(pod), "<field metadata.namespace>": "bellwether"}
            value = fields.get(value, value)
            told += ["--env", f"{name}={value}"]
        return told

    def volumes(self, pod: Pod, spec: dict) -> list[str]:
        named = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
        mounts = []
        for mount in spec.get("volumeMounts", []):
            volume, path = named.get(mount["name"], {}), mount["mountPath"]
            if "configMap" in volume:
                mounts += ["--volume", f"{self.files(volume['configMap']['name'])}:{path}:ro"]
            else:
                # An emptyDir is a volume that nobody takes up again.
                life = f"-{time.monotonic_ns()}" if "emptyDir" in volume else ""
                mounts += ["--volume", f"{self.claim(pod, mount['name'] + life)}:{path}:nocopy"]
        return mounts

    def files(self, configmap: str) -> str:
        folder = Path(self.folder.name, configmap)
        folder.mkdir(exist_ok=True)
        for name, text in self.rendered.find("ConfigMap", configmap)["data"].items():
            (folder / name).write_text(text)
        return str(folder)

    def claim(self, pod: Pod, name: str) -> str:
        """A volume by a name that stays, which belongs to the pod's user and group, as fsGroup has it."""
        volume = f"{self.name}-{name}-{pod.name}-0"
        docker("volume", "create", "--label", f"cluster={self.name}", volume)
        owner = pod.spec["securityContext"]
        redis = next(each for each in self.rendered.containers if each.image == "redis")
        ids = f"{owner['runAsUser']}:{owner['fsGroup']}"
        image, prepare = redis.spec["image"], f"chown {ids} /volume && chmod 0777 /volume"
        docker("run", "--rm", *AS_ROOT, "--volume", f"{volume}:/volume", image, "-c", prepare)
        return volume

    # ---- what can be seen of a pod ----

    def port(self, pod: Pod, port: int | str) -> int:
        """Where a pod's port is found on loopback."""
        container = Container(pod, pod.containers[0], {})
        told = docker("port", self.container(pod, pod.containers[0]), f"{port_number(container, port)}/tcp").stdout
        return int(told.splitlines()[0].rpartition(":")[2])

    def answers(self, pod: Pod, probe: str) -> bool:
        """Whether every container of a pod passes a probe at this moment; one that has none passes."""
        asked = [(spec, spec[f"{probe}Probe"]) for spec in pod.containers if f"{probe}Probe" in spec]
        try:
            return all(self.passes(pod, spec, probe) for spec, probe in asked)
        except (OSError, AssertionError, IndexError):
            return False

    def passes(self, pod: Pod, spec: dict, probe: dict) -> bool:
        timeout = probe.get("timeoutSeconds", 1)
        if "exec" in probe:
            return docker("exec", self.container(pod, spec), *probe["exec"]["command"], check=False).returncode == 0
        asked = probe.get("httpGet") or probe["tcpSocket"]
        port = self.port(pod, asked["port"])
        if "path" in asked:
            return ask(f"http://127.0.0.1:{port}{asked['path']}", timeout)[0] == 200
        with socket.create_connection(("127.0.0.1", port), timeout):
            return True

    def state(self, pod: Pod) -> dict:
        return json.loads(docker("inspect", self.container(pod, pod.containers[0])).stdout)[0]["State"]

    def logs(self, pod: Pod) -> str:
        told = docker("logs", "--tail", "20", self.container(pod, pod.containers[0]), check=False)
        return f"{pod}:\n{told.stdout[-3000:]}{told.stderr[-3000:]}"


def ask(url: str, timeout: float = 10, body: dict | None = None, token: str | None = None) -> tuple[int, bytes]:
    """Status and body of a request."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def until(holds, seconds: float, what: str):
    """What `holds` answers, as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what() if callable(what) else what}"
        time.sleep(0.3)
    return answer

"""Whether each workload is fit to run: its images, limits, security, probes and way out.

A check takes what was rendered and answers what is wrong with it, in words; nothing where all is well.
"""

import re
from collections.abc import Iterator

import project
from rendered import Container, Pod, Rendered

# More than the settings say: threads have to end, and files to be closed.
MARGIN_SECONDS = 10
ALLOWED_VOLUMES = {"configMap", "emptyDir", "secret", "persistentVolumeClaim", "projected", "downwardAPI", "csi", "name"}


def images(rendered: Rendered) -> Iterator[str]:
    """Every image is one that we build or that docker-compose runs, by a tag that stays what it is."""
    for container in rendered.containers:
        if container.tag in ("", "latest"):
            yield f"{container}: {container.spec['image']} has no tag, or one that moves"
        if container.ours:
            if container.image not in project.built_images():
                yield f"{container}: nothing in deploy/docker builds {container.image}"
            if container.tag != project.version():
                yield f"{container}: {container.spec['image']} is not of version {project.version()}"
        elif container.spec["image"] not in project.composed_images():
            yield f"{container}: {container.spec['image']} is not what docker-compose.yml runs"


def limits(rendered: Rendered) -> Iterator[str]:
    """Every container says what it needs and what it may take."""
    for container in rendered.containers:
        resources = container.spec.get("resources", {})
        for what in ("requests", "limits"):
            for resource in ("cpu", "memory", "ephemeral-storage"):
                if resource not in resources.get(what, {}):
                    yield f"{container}: no {what} of {resource}"


def restricted(rendered: Rendered) -> Iterator[str]:
    """What the pod security standard `restricted` demands, and beyond it a number for a user and a root read-only."""
    for namespace in rendered.of("Namespace"):
        if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"Namespace {namespace['metadata']['name']}: does not enforce `restricted`"
    for pod in rendered.pods:
        yield from (f"{pod}: {fault}" for fault in pod_faults(pod))
    for container in rendered.containers:
        yield from (f"{container}: {fault}" for fault in container_faults(container))


def pod_faults(pod: Pod) -> Iterator[str]:
    context = pod.spec.get("securityContext", {})
    if context.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true"
    if not context.get("runAsUser") or not context.get("runAsGroup"):
        yield "runAsUser or runAsGroup is no number above 0"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile is not RuntimeDefault"
    if "sysctls" in context:
        yield "sets sysctls"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key):
            yield f"{key} is set"
    for volume in pod.spec.get("volumes", []):
        if strange := set(volume) - ALLOWED_VOLUMES:
            yield f"volume {volume['name']} is of {strange}"
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield f"volume {volume['name']} may grow without end"


def container_faults(container: Container) -> Iterator[str]:
    context = container.spec.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "readOnlyRootFilesystem is not true"
    capabilities = context.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield "does not drop ALL capabilities, or adds some"
    if context.get("privileged"):
        yield "is privileged"
    if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
        yield "runs as root, whatever its pod says"
    if any("hostPort" in port for port in container.spec.get("ports", [])):
        yield "takes a port of the node"


def probes(rendered: Rendered) -> Iterator[str]:
    """Probes ask routes that there are, on the ports where they are; of ours each service has all three."""
    for container in rendered.containers:
        if container.pod.ends:
            continue
        if container.image == "moto" and container.spec["name"] == "seed":
            continue
        given = {kind: container.spec.get(f"{kind}Probe") for kind in ("startup", "readiness", "liveness")}
        for kind, probe in given.items():
            if probe is None:
                yield f"{container}: no {kind}Probe"
            else:
                yield from (f"{container}, {kind}Probe: {fault}" for fault in probe_faults(container, kind, probe))


def probe_faults(container: Container, kind: str, probe: dict) -> Iterator[str]:
    asked = probe.get("httpGet") or probe.get("tcpSocket")
    if asked is None:
        if container.ours or not probe.get("exec", {}).get("command"):
            yield "asks nothing that could answer: our images have no shell"
        return
    port = port_number(container, asked["port"])
    if port not in project.listens(container):
        yield f"nothing listens on {asked['port']}"
    elif container.ours:
        path, expected = asked.get("path"), "/ready" if kind == "readiness" else "/health"
        if path not in project.served(container, port):
            yield f"there is no route {path} on {port}"
        elif path != expected:
            yield f"asks {path}, not {expected}"


def port_number(container: Container, port: int | str) -> int | None:
    """A port by its number or by the name that the container gives it."""
    if isinstance(port, int):
        return port
    found = [each["containerPort"] for each in container.spec.get("ports", []) if each.get("name") == port]
    return found[0] if found else None


def scraping(rendered: Rendered) -> Iterator[str]:
    """Prometheus is told a port that has /metrics, for each service of ours."""
    for container in rendered.containers:
        if container.image not in project.BINDS:
            continue
        told = {key.removeprefix("prometheus.io/"): value for key, value in container.pod.annotations.items()}
        port = int(told.get("port", 0))
        if told.get("scrape") != "true" or told.get("path") not in project.served(container, port):
            yield f"{container}: Prometheus is not told where its metrics are"
        elif port not in project.listens(container):
            yield f"{container}: nothing listens where Prometheus is told that metrics are"


def grace(rendered: Rendered) -> Iterator[str]:
    """A pod is given longer to end than its service takes, and says no before its port is closed."""
    for container in rendered.containers:
        if container.image not in project.BINDS:
            continue
        notice = project.setting(container, "SERVER__DRAIN_NOTICE_SECONDS")
        drain = project.setting(container, "SERVER__DRAIN_SECONDS")
        if container.image == "bellwether-worker":
            notice = 0
        given = container.pod.spec.get("terminationGracePeriodSeconds", 30)
        if given < notice + drain + MARGIN_SECONDS:
            yield f"{container}: {given} s to end are too few for {notice} s of notice and {drain} s to drain"
        probe = container.spec.get("readinessProbe", {})
        seen = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
        if notice and notice < seen + MARGIN_SECONDS / 2:
            yield f"{container}: {notice} s of notice are too few for a probe that takes {seen} s to see it"


def releases(rendered: Rendered) -> Iterator[str]:
    """A migration is named by the release it is of, stays what it is, and is told what the services are told."""
    for pod in rendered.pods:
        container = pod.containers[0]
        if pod.kind != "Job" or container["name"] != "migrate":
            continue
        if project.version() not in pod.name:
            yield f"{pod}: its name does not bear the release {project.version()}, so a new one could not be applied"
        if container.get("args", [None])[0] != "migrate":
            yield f"{pod}: does not migrate"
        if "ttlSecondsAfterFinished" not in pod.workload["spec"]:
            yield f"{pod}: stays for ever"
        told = container["envFrom"][0]["configMapRef"]["name"]
        if re.search(r"-[a-z0-9]{10}$", told):
            yield f"{pod}: its ConfigMap's name changes with its content, and with it the Job, which must not"
        suffix = told.removeprefix("migrate-settings")
        others = [
            configmap
            for configmap in rendered.of("ConfigMap")
            if re.fullmatch(rf"settings{suffix}-[a-z0-9]{{10}}", configmap["metadata"]["name"])
        ]
        mine = rendered.find("ConfigMap", told)
        if not mine or not others or mine["data"] != others[0]["data"]:
            yield f"{pod}: is not told what the services are told"


def journals(rendered: Rendered) -> Iterator[str]:
    """A replica's journal lies on a volume that is kept, and that has room for as much as the journal may hold."""
    for container in rendered.containers:
        if container.image != "bellwether-api":
            continue
        spec = container.pod.workload["spec"]
        kept = spec.get("persistentVolumeClaimRetentionPolicy", {})
        if container.pod.kind != "StatefulSet" or set(kept.values()) != {"Retain"} or len(kept) != 2:
            yield f"{container}: its journal is not kept"
            continue
        claims = {claim["metadata"]["name"]: claim for claim in spec.get("volumeClaimTemplates", [])}
        at = {mount["mountPath"]: mount["name"] for mount in container.spec.get("volumeMounts", [])}
        claim = claims.get(at.get("/var/lib/bellwether"))
        if claim is None:
            yield f"{container}: its journal lies on no volume of its own"
            continue
        room = size(claim["spec"]["resources"]["requests"]["storage"])
        needed = project.setting(container, "JOURNAL__MAX_BYTES") + project.setting(container, "JOURNAL__RESERVE_BYTES")
        if room < needed:
            yield f"{container}: a journal of {needed} bytes does not fit on {room}"
        if container.environment.get("BELLWETHER__REPLICA") != "<field metadata.name>":
            yield f"{container}: is not known by the name that its volume keeps"


def size(text: str) -> int:
    """A quantity as 10Gi, in bytes."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    number, unit = text[:-2], text[-2:]
    return int(number) * units[unit]


ALL = [images, limits, restricted, probes, scraping, grace, releases, journals]

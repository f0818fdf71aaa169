"""Whether what refers to something refers to what is there: labels, names, ports, keys, settings.

A check takes what was rendered and answers what is wrong with it, in words; nothing where all is well.
"""

import json
import re
from collections.abc import Iterator

import project
from checks_workloads import port_number
from rendered import PROJECT, Container, Pod, Rendered, matches

# The one pod that is given a token for the Kubernetes api: it makes the local installation's Secret.
WITH_TOKEN = ("Job", "make-secrets")
# What a value must not hold that stands in git.
SECRET_NAMES = re.compile(r"PASSWORD|TOKEN|SECRET|_KEY$|ACCESS_KEY|CREDENTIAL|DSN$", re.IGNORECASE)
NO_SECRETS = re.compile(r"secret:[^#]+(#\w+)?|unused|<.*>|")
# Names that read like a secret's, and hold none.
PLAIN = {"BELLWETHER__SECRETS__PROVIDER", "BELLWETHER__SECRETS__REFRESH_SECONDS"}


def names(rendered: Rendered) -> Iterator[str]:
    """Each resource is there once, in the one namespace, which comes first."""
    seen = set()
    if rendered.resources[0]["kind"] != "Namespace" or len(rendered.of("Namespace")) != 1:
        yield "the first resource is not the one namespace"
    for resource in rendered.resources:
        identity = (resource["kind"], resource["metadata"]["name"])
        if identity in seen:
            yield f"{identity} is there twice"
        seen.add(identity)
        if resource["kind"] != "Namespace" and resource["metadata"].get("namespace") != rendered.namespace:
            yield f"{identity} is not in {rendered.namespace}"


def selectors(rendered: Rendered) -> Iterator[str]:
    """A workload selects its own pods and nobody else's, and so does what is about it."""
    for pod in rendered.pods:
        if pod.ends:
            continue
        chosen = selected(rendered, pod.workload["spec"]["selector"])
        if chosen != [str(pod)]:
            yield f"{pod}: its selector selects {chosen}"
        if pod.kind == "StatefulSet":
            service = rendered.find("Service", pod.workload["spec"]["serviceName"])
            if service is None or not matches({"matchLabels": service["spec"]["selector"]}, pod.labels):
                yield f"{pod}: its Service is not there, or is another's"
        for spread in pod.spec.get("topologySpreadConstraints", []):
            if selected(rendered, spread["labelSelector"]) != [str(pod)]:
                yield f"{pod}: is spread among others than its like"
    for budget in rendered.of("PodDisruptionBudget"):
        if len(chosen := selected(rendered, budget["spec"]["selector"])) != 1:
            yield f"PodDisruptionBudget {budget['metadata']['name']}: selects {chosen}"


def selected(rendered: Rendered, selector: dict) -> list[str]:
    """Whose pods a selector selects."""
    assert selector.get("matchLabels") or selector.get("matchExpressions"), "a selector that selects everything"
    return [str(pod) for pod in rendered.pods if matches(selector, pod.labels)]


def services(rendered: Rendered) -> Iterator[str]:
    """A Service leads to one workload, to ports that are listened on there."""
    for service in rendered.of("Service"):
        name, spec = service["metadata"]["name"], service["spec"]
        pods = [pod for pod in rendered.pods if matches({"matchLabels": spec["selector"]}, pod.labels)]
        if len(pods) != 1:
            yield f"Service {name}: leads to {[str(pod) for pod in pods]}"
            continue
        for port in spec["ports"]:
            target = port.get("targetPort", port["port"])
            if not listening(rendered, pods[0], target):
                yield f"Service {name}: nothing in {pods[0]} listens on {target}"
            if spec.get("clusterIP") == "None" and reached(rendered, pods[0], target) != port["port"]:
                yield f"Service {name}: has no address of its own, so {port['port']} has to be the pods' own port"


def listening(rendered: Rendered, pod: Pod, port: int | str) -> list[Container]:
    """The containers of a pod that listen on a port."""
    ours = [container for container in rendered.containers if container.pod.workload is pod.workload]
    return [
        container
        for container in ours
        if any(each["containerPort"] == port_number(container, port) for each in container.spec.get("ports", []))
        and port_number(container, port) in project.listens(container)
    ]


def reached(rendered: Rendered, pod: Pod, port: int | str) -> int | None:
    """The number of a pod's port."""
    found = listening(rendered, pod, port)
    return port_number(found[0], port) if found else None


def ingresses(rendered: Rendered) -> Iterator[str]:
    """What comes from outside comes by TLS, from addresses that are allowed, to a Service that is there."""
    for ingress in rendered.of("Ingress"):
        name, spec = ingress["metadata"]["name"], ingress["spec"]
        notes = ingress["metadata"].get("annotations", {})
        allowed = notes.get("alb.ingress.kubernetes.io/inbound-cidrs", "")
        if not allowed or "0.0.0.0/0" in allowed:
            yield f"Ingress {name}: everybody may come"
        if notes.get("alb.ingress.kubernetes.io/listen-ports") != '[{"HTTPS":443}]':
            yield f"Ingress {name}: listens on more than https"
        secured = {host for tls in spec.get("tls", []) for host in tls["hosts"]}
        for rule in spec["rules"]:
            if rule["host"] not in secured:
                yield f"Ingress {name}: {rule['host']} has no TLS"
            paths = rule["http"]["paths"]
            if "config-admin" in [path["backend"]["service"]["name"] for path in paths]:
                # On the console's own port, where nobody is asked who they are.
                if (paths[0]["path"], paths[0]["backend"]["service"]["port"]["name"]) != ("/metrics", "use-annotation"):
                    yield f"Ingress {name}: the console's metrics can be read from outside"
            for path in paths:
                backend = path["backend"]["service"]
                if backend["port"]["name"] == "use-annotation":
                    action = json.loads(notes.get(f"alb.ingress.kubernetes.io/actions.{backend['name']}", "{}"))
                    if action.get("type") != "fixed-response":
                        yield f"Ingress {name}: {path['path']} does not end at the load balancer"
                    continue
                service = rendered.find("Service", backend["name"])
                if service is None or backend["port"]["name"] not in [each["name"] for each in service["spec"]["ports"]]:
                    yield f"Ingress {name}: leads to no port of {backend['name']}"


def settings_names(rendered: Rendered) -> Iterator[str]:
    """Every variable of ours is a setting that there is, and is given to a container of ours."""
    for container in rendered.containers:
        for variable in container.environment:
            if not variable.startswith("BELLWETHER") or variable in project.BESIDE_SETTINGS:
                continue
            if project.default_of(variable) is None or not variable.startswith("BELLWETHER__"):
                yield f"{container}: there is no setting {variable}"
            if not container.ours:
                yield f"{container}: is told {variable}, which it does not know"


def environment_sources(rendered: Rendered) -> Iterator[str]:
    """ConfigMaps, Secrets and volumes that a container names are there, with the keys that it names."""
    secrets = secret_keys(rendered)
    for container in rendered.containers:
        for source in container.spec.get("envFrom", []):
            name = source.get("configMapRef", {}).get("name")
            if rendered.find("ConfigMap", name) is None:
                yield f"{container}: there is no ConfigMap {name}"
        for variable in container.spec.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference and reference["key"] not in secrets.get(reference["name"], ()):
                yield f"{container}: nothing makes {reference['key']} in the Secret {reference['name']}"
        volumes = {volume["name"]: volume for volume in container.pod.spec.get("volumes", [])}
        claims = container.pod.workload["spec"].get("volumeClaimTemplates", [])
        volumes |= {claim["metadata"]["name"]: {} for claim in claims}
        for mount in container.spec.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"{container}: there is no volume {mount['name']}"
    for pod in rendered.pods:
        for volume in pod.spec.get("volumes", []):
            if "configMap" in volume and rendered.find("ConfigMap", volume["configMap"]["name"]) is None:
                yield f"{pod}: there is no ConfigMap {volume['configMap']['name']}"


def secret_keys(rendered: Rendered) -> dict[str, set[str]]:
    """The keys of every Secret that something makes. Of base alone it is demanded as the local installation has it."""
    made: dict[str, set[str]] = {}
    if rendered.folder == "base" or rendered.find("Job", "make-secrets"):
        made["bellwether-secrets"] = project.local_secret_keys()
    for external in rendered.of("ExternalSecret"):
        target = external["spec"]["target"]
        made.setdefault(target["name"], set()).update(target["template"]["data"])
    return made


def accounts(rendered: Rendered) -> Iterator[str]:
    """Every pod has an account of its own and no token for the Kubernetes api, but the one that makes a Secret."""
    for account in rendered.of("ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"ServiceAccount {account['metadata']['name']}: its token is mounted unasked"
    used = [pod.spec.get("serviceAccountName") for pod in rendered.pods]
    for pod in rendered.pods:
        name = pod.spec.get("serviceAccountName")
        if rendered.find("ServiceAccount", name) is None or used.count(name) != 1:
            yield f"{pod}: has no ServiceAccount of its own"
        if pod.spec.get("automountServiceAccountToken") is not ((pod.kind, pod.name) == WITH_TOKEN):
            yield f"{pod}: has a token for the Kubernetes api, or lacks it"
    for role in rendered.of("Role", "ClusterRole"):
        for rule in role["rules"]:
            if (rule["apiGroups"], rule["resources"], rule["verbs"]) != ([""], ["secrets"], ["create"]):
                yield f"{role['kind']} {role['metadata']['name']}: may do more than make a Secret"
    for binding in rendered.of("RoleBinding", "ClusterRoleBinding"):
        if binding["kind"] != "RoleBinding" or [each["name"] for each in binding["subjects"]] != [WITH_TOKEN[1]]:
            yield f"{binding['kind']} {binding['metadata']['name']}: gives rights to others than {WITH_TOKEN[1]}"


def scaling(rendered: Rendered) -> Iterator[str]:
    """Who scales something scales what is there, and alone; what somebody scales has no number of its own."""
    scaled: list[tuple[str, str]] = []
    for scaler in rendered.of("HorizontalPodAutoscaler", "ScaledObject"):
        target = scaler["spec"]["scaleTargetRef"]
        name = f"{scaler['kind']} {scaler['metadata']['name']}"
        scaled.append((target["kind"], target["name"]))
        if rendered.find(target["kind"], target["name"]) is None:
            yield f"{name}: there is no {target['kind']} {target['name']}"
        ends = ("minReplicas", "maxReplicas") if "minReplicas" in scaler["spec"] else ("minReplicaCount", "maxReplicaCount")
        least, most = (scaler["spec"].get(end, 0) for end in ends)
        if not 1 <= least < most:
            yield f"{name}: scales from {least} to {most}"
        for trigger in scaler["spec"].get("triggers", []):
            yield from (f"{name}: {fault}" for fault in trigger_faults(rendered, trigger))
    for target in set(scaled):
        if scaled.count(target) > 1:
            yield f"{target}: two scale it"
    for pod in rendered.pods:
        if not pod.ends and ("replicas" in pod.workload["spec"]) == ((pod.kind, pod.name) in scaled):
            yield f"{pod}: how many there are is said twice, or by nobody"


def trigger_faults(rendered: Rendered, trigger: dict) -> Iterator[str]:
    """What KEDA asks, and as whom. Its own schema is not at hand, so each part is looked at here."""
    if trigger["type"] != "mysql" or trigger["metricType"] != "AverageValue":
        yield f"no check knows a trigger of {trigger['type']}"
        return
    query, value = trigger["metadata"]["query"], trigger["metadata"]["queryValue"]
    if not (isinstance(value, str) and value.isdigit() and int(value) > 0):
        yield "queryValue is no number above 0 in quotes"
    table = (PROJECT / "migrations/mysql/0002_email_jobs.sql").read_text()
    known = set(re.findall(r"^    (\w+) +[A-Z]", table, re.MULTILINE))
    asked = set(re.findall(r"(\w+) (?:=|<=|IN)", query))
    if "FROM email_jobs" not in query or not asked or not asked <= known:
        yield f"its query asks {asked}; the table has {known}"
    reference = trigger["authenticationRef"]["name"]
    authentication = rendered.find("TriggerAuthentication", reference)
    if authentication is None:
        yield f"there is no TriggerAuthentication {reference}"
        return
    for target in authentication["spec"]["secretTargetRef"]:
        if target["parameter"] != "connectionString":
            yield f"KEDA's MySQL knows no {target['parameter']}"
        if target["key"] not in secret_keys(rendered).get(target["name"], ()):
            yield f"nothing makes {target['key']} in the Secret {target['name']}"


def no_secrets(rendered: Rendered) -> Iterator[str]:
    """No password, token or key stands in git: they are made in the cluster, or named as secret:NAME#field."""
    for secret in rendered.of("Secret"):
        yield f"Secret {secret['metadata']['name']} stands in git"
    told = [(str(container), container.environment) for container in rendered.containers]
    told += [(f"ConfigMap {each['metadata']['name']}", each.get("data") or {}) for each in rendered.of("ConfigMap")]
    for where, values in told:
        for name, value in values.items():
            # A name with a dot is a file's.
            secret = SECRET_NAMES.search(name) and "." not in name and name not in PLAIN
            if secret and not NO_SECRETS.fullmatch(str(value)):
                yield f"{where}: {name} stands in git"
            if re.search(r"://[^/\s:@]*:[^/\s@]+@", str(value)):
                yield f"{where}: {name} is an address with a password in it"
            if "PRIVATE KEY" in str(value):
                yield f"{where}: {name} holds a private key"


ALL = [
    names,
    selectors,
    services,
    ingresses,
    settings_names,
    environment_sources,
    accounts,
    scaling,
    no_secrets,
]

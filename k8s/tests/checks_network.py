"""Whether the network policies let through what is needed, and nothing else.

What is needed is read from the settings of the containers; what is let through, from the policies as Kubernetes reads them.
A way is (from, to, port): from and to are a pod's name, `namespace NAME`, or a network with what is left out of it.
"""

from collections.abc import Iterator
from ipaddress import ip_network
from urllib.parse import urlsplit

import project
from checks_references import reached
from rendered import Container, Pod, Rendered, matches

Way = tuple[str, str, int]
# Networks, as `components/aws` and the overlays have them: the VPC, its subnets with the load balancer, and everything
# but the addresses of a node's own, where its credentials are had.
VPC = "10.0.0.0/16"
LOAD_BALANCER = "10.0.0.0/20"
INTERNET = "0.0.0.0/0 without 169.254.0.0/16"
# What stands in the VPC where it is not in the cluster.
IN_VPC = {"mysql", "redis", "rediss"}
# Where a URL names no port.
PORTS = {"http": 80, "https": 443, "mysql": 3306, "redis": 6379, "rediss": 6379, "smtp": 587, "smtps": 465}
ADDRESSES = ["DATABASE__URL", "REDIS__URL", "SMTP__URL", "ARCHIVE__ENDPOINT", "MODELS__PATH", "ARCHIVE__URL"]
OF_ENVIRONMENTS = ["DATABASE__URL", "REDIS__URL", "API__URL"]
# Of those, what a service uses: the migration fetches no mail, the api sends none.
USES = {
    "bellwether-api": {"DATABASE__URL", "REDIS__URL", "ARCHIVE__ENDPOINT", "MODELS__PATH", "ARCHIVE__URL"},
    "bellwether-worker": {"DATABASE__URL", "REDIS__URL", "SMTP__URL", "ARCHIVE__ENDPOINT", "ARCHIVE__URL"},
    "bellwether-config-admin": {"SMTP__URL", "ARCHIVE__ENDPOINT", "ARCHIVE__URL"},
    "migrate": {"DATABASE__URL", "MODELS__PATH"},
    "cli": {"DATABASE__URL", "REDIS__URL", "MODELS__PATH", "ARCHIVE__ENDPOINT", "ARCHIVE__URL"},
}


def policies(rendered: Rendered) -> Iterator[str]:
    """Every needed way is open, and no other is."""
    opened, needed = open_ways(rendered), needed_ways(rendered)
    for way in sorted(needed - opened):
        yield f"needed, and not let through: {told(way)}"
    for way in sorted(opened - needed):
        yield f"let through, and not needed: {told(way)}"


def told(way: Way) -> str:
    source, target, port = way
    return f"{source} to {target}, port {port}"


def denied(rendered: Rendered) -> Iterator[str]:
    """One policy denies every pod everything, so that a new pod is shut off until somebody opens a way."""
    for policy in rendered.of("NetworkPolicy"):
        spec = policy["spec"]
        if spec["podSelector"] == {} and sorted(spec["policyTypes"]) == ["Egress", "Ingress"] and len(spec) == 2:
            return
    yield "no policy denies everything"


def labels(rendered: Rendered) -> Iterator[str]:
    """No policy speaks of pods that are not there."""
    for policy in rendered.of("NetworkPolicy"):
        name, spec = policy["metadata"]["name"], policy["spec"]
        peers = [peer for rule in spec.get("ingress", []) for peer in rule.get("from", [])]
        peers += [peer for rule in spec.get("egress", []) for peer in rule.get("to", [])]
        # Pods of other namespaces are not ours to know.
        local = [peer["podSelector"] for peer in peers if "podSelector" in peer and "namespaceSelector" not in peer]
        for selector in [spec["podSelector"], *local]:
            if selector and not any(matches(selector, pod.labels) for pod in rendered.pods):
                yield f"NetworkPolicy {name}: no pod is {selector}"
            for expression in selector.get("matchExpressions", []):
                for value in expression.get("values", []):
                    if not any(pod.labels.get(expression["key"]) == value for pod in rendered.pods):
                        yield f"NetworkPolicy {name}: no pod is {value}"


def needed_ways(rendered: Rendered) -> set[Way]:
    """What the settings, probes' namesakes and annotations say that somebody has to reach."""
    needed: set[Way] = set()
    for container in rendered.containers:
        pod = container.pod
        for host, port, network in addresses(container):
            service = rendered.find("Service", host.split(".")[0])
            if service is None or "." in host and rendered.namespace not in host:
                needed.add((pod.name, network, port))
                continue
            target = pod_of(rendered, service)
            by_port = next(each for each in service["spec"]["ports"] if each["port"] == port)
            needed.add((pod.name, target.name, reached(rendered, target, by_port["targetPort"])))
        if container.ours:
            needed |= {(pod.name, "namespace kube-system", 53)}
        if container.image in project.BINDS:
            needed.add(("namespace monitoring", pod.name, int(pod.annotations["prometheus.io/port"])))
        if container.environment.get("BELLWETHER__SECRETS__PROVIDER") == "aws":
            needed.add((pod.name, INTERNET, 443))
        if pod.name == "make-secrets":
            needed |= {(pod.name, INTERNET, port) for port in (443, 6443, 8443)}
    return needed | ways_from_outside(rendered)


def ways_from_outside(rendered: Rendered) -> set[Way]:
    """The load balancer to what an Ingress leads to; where there is none, a controller's namespace may be let in."""
    ingresses = rendered.of("Ingress")
    backends = {
        path["backend"]["service"]["name"]
        for ingress in ingresses
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    }
    source = LOAD_BALANCER if ingresses else "namespace ingress-nginx"
    found = set()
    for container in rendered.containers:
        for port, key in project.listens(container).items():
            behind = not ingresses or container.pod.name in backends
            if key in ("SERVER__BIND", "CONSOLE__BIND") and behind:
                found.add((source, container.pod.name, port))
    for scaler in rendered.of("ScaledObject"):
        # KEDA asks the database itself; one outside is not shut off by our policies.
        assert scaler["spec"]["triggers"][0]["type"] == "mysql"
        if rendered.find("Service", "mysql"):
            found.add(("namespace keda", "mysql", 3306))
    return found


def addresses(container: Container) -> Iterator[tuple[str, int, str]]:
    """Host and port of every server that a container's settings name and that it uses, and its network if outside."""
    image = container.image if container.image != "bellwether" else container.spec["name"]
    uses = USES.get(image, set())
    keys = [key for key in ADDRESSES if key in uses]
    if container.image == "bellwether-config-admin":
        keys += [f"ENVIRONMENTS__{name}__{key}" for name in ("STAGE", "PROD") for key in OF_ENVIRONMENTS]
    told = {key: container.environment.get(f"BELLWETHER__{key}", "") for key in keys}
    for key, value in told.items():
        url = urlsplit(value)
        if url.scheme == "s3" and not told.get("ARCHIVE__ENDPOINT"):
            yield "s3.amazonaws.com", 443, INTERNET
        elif url.scheme in PORTS:
            yield url.hostname, url.port or PORTS[url.scheme], VPC if url.scheme in IN_VPC else INTERNET


def pod_of(rendered: Rendered, service: dict) -> Pod:
    return next(pod for pod in rendered.pods if matches({"matchLabels": service["spec"]["selector"]}, pod.labels))


def open_ways(rendered: Rendered) -> set[Way]:
    """What the policies let through. Between two pods of ours both have to allow it."""
    out, inward = half_ways(rendered, "Egress"), half_ways(rendered, "Ingress")
    names = {pod.name for pod in rendered.pods}
    within = {way for way in out & inward if way[0] in names and way[1] in names}
    beyond = {way for way in out if way[1] not in names} | {way for way in inward if way[0] not in names}
    # A half that meets no other half is of no use, and hides a mistake.
    lonely = {way for way in out ^ inward if way[0] in names and way[1] in names}
    return within | beyond | {(f"half a way, {source}", target, port) for source, target, port in lonely}


def half_ways(rendered: Rendered, direction: str) -> set[Way]:
    """What one side's policies let through."""
    found: set[Way] = set()
    for pod in rendered.pods:
        specs = [policy["spec"] for policy in rendered.of("NetworkPolicy")]
        about = [spec for spec in specs if matches(spec["podSelector"], pod.labels)]
        about = [spec for spec in about if direction in spec["policyTypes"]]
        if not about:
            found.add((pod.name, "everything", 0) if direction == "Egress" else ("everything", pod.name, 0))
        side, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
        rules = [rule for spec in about for rule in spec.get(side, [])]
        for rule in rules:
            ports = [port["port"] for port in rule.get("ports", [{"port": 0}])]
            for peer in rule.get(peers, [{"ipBlock": {"cidr": "0.0.0.0/0"}}]):
                others = peers_named(rendered, peer)
                found |= {
                    (pod.name, other, port) if direction == "Egress" else (other, pod.name, port)
                    for other in others
                    for port in ports
                }
    return found


def peers_named(rendered: Rendered, peer: dict) -> list[str]:
    """Whom a rule speaks of."""
    if "ipBlock" in peer:
        return [network_named(peer["ipBlock"])]
    if "namespaceSelector" in peer:
        chosen = peer["namespaceSelector"].get("matchLabels", {})
        assert list(chosen) == ["kubernetes.io/metadata.name"], "a namespace is named by the label that each has"
        return [f"namespace {chosen['kubernetes.io/metadata.name']}"]
    return [pod.name for pod in rendered.pods if matches(peer["podSelector"], pod.labels)]


def network_named(block: dict) -> str:
    """A network and what is left out of it, in one spelling."""
    left_out = sorted(str(ip_network(each)) for each in block.get("except", []))
    return " without ".join([str(ip_network(block["cidr"])), *left_out])


ALL = [policies, denied, labels]

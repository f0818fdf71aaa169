"""Each check is shown something broken, and has to say what. A check that cannot fail proves nothing."""

import checks_network as network
import checks_references as references
import checks_schemas as schemas
import checks_workloads as workloads
import pytest
from rendered import Rendered, render

LOCAL, PROD, KEDA = "overlays/local", "overlays/prod", "overlays/prod-keda"


def container(rendered: Rendered, kind: str, name: str) -> dict:
    return rendered.find(kind, name)["spec"]["template"]["spec"]["containers"][0]


def api(rendered: Rendered) -> dict:
    return container(rendered, "StatefulSet", "api")


def pod(rendered: Rendered, kind: str, name: str) -> dict:
    return rendered.find(kind, name)["spec"]["template"]["spec"]


def policy(rendered: Rendered, name: str) -> dict:
    return rendered.find("NetworkPolicy", name)["spec"]


def configmap(rendered: Rendered, begin: str) -> dict:
    found = [each for each in rendered.of("ConfigMap") if each["metadata"]["name"].startswith(begin)]
    return found[0]["data"]


def variable(spec: dict, name: str) -> dict:
    return next(each for each in spec["env"] if each["name"] == name)


def without(spec: dict, name: str) -> None:
    spec["env"].remove(variable(spec, name))


def latest(r): api(r)["image"] = "bellwether-api:latest"
def untagged(r): container(r, "StatefulSet", "redis-master")["image"] = "redis"
def unbuilt(r): api(r)["image"] = "bellwether-apy:0.1.0"
def other_version(r): api(r)["image"] = "bellwether-api:0.0.9"
def uncomposed(r): container(r, "StatefulSet", "mysql")["image"] = "mysql:5.7"
def unlimited(r): del api(r)["resources"]["limits"]["memory"]
def unenforced(r): r.find("Namespace", "bellwether")["metadata"]["labels"].clear()
def root(r): pod(r, "StatefulSet", "api")["securityContext"]["runAsUser"] = 0
def writable(r): api(r)["securityContext"]["readOnlyRootFilesystem"] = False
def capable(r): api(r)["securityContext"]["capabilities"]["add"] = ["NET_ADMIN"]
def host_path(r): pod(r, "Deployment", "worker")["volumes"].append({"name": "x", "hostPath": {"path": "/"}})
def host_network(r): pod(r, "Deployment", "worker")["hostNetwork"] = True
def unconfined(r): del pod(r, "Deployment", "worker")["securityContext"]["seccompProfile"]
def no_liveness(r): del api(r)["livenessProbe"]
def no_such_route(r): api(r)["livenessProbe"]["httpGet"]["path"] = "/healthz"
def metrics_port(r): api(r)["readinessProbe"]["httpGet"]["port"] = "metrics"
def deadly_readiness(r): api(r)["livenessProbe"]["httpGet"]["path"] = "/ready"
def shell_probe(r): api(r)["livenessProbe"] = {"exec": {"command": ["curl", "localhost"]}}
def scraped_elsewhere(r):
    metadata = r.find("StatefulSet", "api")["spec"]["template"]["metadata"]
    metadata["annotations"]["prometheus.io/port"] = "8000"
def short_grace(r): pod(r, "StatefulSet", "api")["terminationGracePeriodSeconds"] = 30
def no_notice(r): configmap(r, "settings-")["BELLWETHER__SERVER__DRAIN_NOTICE_SECONDS"] = "1"
def nameless_job(r): r.find("Job", "migrate-0.1.0")["metadata"]["name"] = "migrate"
def other_database(r): configmap(r, "migrate-settings")["BELLWETHER__DATABASE__URL"] = "mysql://other:3306/b"
def small_volume(r):
    claim = r.find("StatefulSet", "api")["spec"]["volumeClaimTemplates"][0]
    claim["spec"]["resources"]["requests"]["storage"] = "64Mi"
def lost_journal(r): r.find("StatefulSet", "api")["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] = "Delete"
def nameless_replica(r): without(api(r), "BELLWETHER__REPLICA")

def twice(r): r.resources.append(r.resources[5])
def elsewhere(r): r.find("Service", "api")["metadata"]["namespace"] = "default"
def too_wide(r): del r.find("StatefulSet", "api")["spec"]["selector"]["matchLabels"]["app.kubernetes.io/instance"]
def service_too_wide(r): del r.find("Service", "api")["spec"]["selector"]["app.kubernetes.io/instance"]
def astray(r): r.find("Service", "api")["spec"]["selector"]["app.kubernetes.io/name"] = "apy"
def deaf_port(r): r.find("Service", "api")["spec"]["ports"][0]["targetPort"] = 8080
def loopback(r): variable(api(r), "BELLWETHER__SERVER__BIND")["value"] = "127.0.0.1:8000"
def moved(r): variable(api(r), "BELLWETHER__SERVER__BIND")["value"] = "0.0.0.0:8080"
def lost_budget(r): r.find("PodDisruptionBudget", "api")["spec"]["selector"]["matchLabels"] = {"a": "b"}
def everybody(r):
    notes = r.find("Ingress", "api")["metadata"]["annotations"]
    notes["alb.ingress.kubernetes.io/inbound-cidrs"] = "0.0.0.0/0"
def told_metrics(r): r.find("Ingress", "config-admin")["spec"]["rules"][0]["http"]["paths"].pop(0)
def no_action(r): r.find("Ingress", "config-admin")["metadata"]["annotations"].pop("alb.ingress.kubernetes.io/actions.no-metrics")
def plain_http(r): del r.find("Ingress", "api")["spec"]["tls"]
def misspelt(r): configmap(r, "settings-")["BELLWETHER__DATABSE__URL"] = "mysql://mysql/b"
def no_configmap(r): api(r)["envFrom"][0]["configMapRef"]["name"] = "setting"
def no_key(r): variable(api(r), "BELLWETHER__AUTH__TOKEN")["valueFrom"]["secretKeyRef"]["key"] = "apitoken"
def no_volume(r): pod(r, "Deployment", "worker")["volumes"].clear()
def token(r): pod(r, "StatefulSet", "api")["automountServiceAccountToken"] = True
def mighty(r): r.find("Role", "make-secrets")["rules"][0]["verbs"].append("list")
def shared_account(r): pod(r, "Deployment", "worker")["serviceAccountName"] = "api"
def no_target(r): r.find("HorizontalPodAutoscaler", "api")["spec"]["scaleTargetRef"]["kind"] = "Deployment"
def fixed_number(r): r.find("StatefulSet", "api")["spec"]["replicas"] = 3
def two_scalers(r):
    other = render(PROD).find("HorizontalPodAutoscaler", "worker")
    r.resources.append(other)
def no_such_column(r):
    metadata = r.find("ScaledObject", "worker")["spec"]["triggers"][0]["metadata"]
    metadata["query"] = metadata["query"].replace("next_attempt_at", "next_attempt")
def no_keda_key(r): r.find("TriggerAuthentication", "worker-queue")["spec"]["secretTargetRef"][0]["key"] = "dsn"
def password(r): configmap(r, "settings-")["BELLWETHER__DATABASE__PASSWORD"] = "hunter2"
def password_in_url(r): configmap(r, "settings-")["BELLWETHER__REDIS__URL"] = "redis://:hunter2@redis-master:6379"
def literal_token(r): variable(api(r), "BELLWETHER__AUTH__TOKEN").update(value="hunter2hunter2hunter2", valueFrom={})
def secret(r): r.resources.append({"kind": "Secret", "metadata": {"name": "s", "namespace": "bellwether"}})

def closed(r): r.remove("NetworkPolicy", "to-mysql")
def half_closed(r): r.remove("NetworkPolicy", "mysql")
def no_dns(r): r.remove("NetworkPolicy", "to-dns")
def too_open(r): policy(r, "to-mailpit")["podSelector"]["matchExpressions"][0]["values"].append("api")
def any_port(r): del policy(r, "to-aws")["egress"][0]["ports"]
def anybody(r): del policy(r, "api-from-monitoring")["ingress"][0]["from"]
def block(spec: dict, side: str, peers: str) -> dict: return spec[side][0][peers][0]["ipBlock"]
def from_the_vpc(r): block(policy(r, "api-from-load-balancer"), "ingress", "from")["cidr"] = "10.0.0.0/16"
def console_for_all(r): block(policy(r, "config-admin"), "ingress", "from")["cidr"] = "0.0.0.0/0"
def database_anywhere(r):
    block(policy(r, "to-database"), "egress", "to").update(cidr="0.0.0.0/0", **{"except": ["169.254.0.0/16"]})
def redis_anywhere(r): block(policy(r, "to-redis"), "egress", "to")["cidr"] = "0.0.0.0/0"
def credentials(r): del block(policy(r, "to-aws"), "egress", "to")["except"]
def other_exception(r): block(policy(r, "to-mail"), "egress", "to")["except"] = ["169.254.169.0/32"]
def not_denied(r): r.remove("NetworkPolicy", "default-deny")
def only_inward(r): policy(r, "default-deny")["policyTypes"].remove("Egress")
def stranger(r): policy(r, "mysql")["ingress"][0]["from"][0]["podSelector"]["matchExpressions"][0]["values"].append("wrker")
def other_mail_port(r): configmap(r, "mail-settings-")["BELLWETHER__SMTP__URL"] = "smtp://mail.example.org:2525"

def unknown_key(r): pod(r, "StatefulSet", "api")["terminationGracePeriod"] = 45
def unknown_kind(r): r.find("StatefulSet", "api")["apiVersion"] = "apps/v1beta1"
def bare_trigger(r): del r.find("ScaledObject", "worker")["spec"]["triggers"]


def valid(rendered):
    return schemas.valid(rendered, schemas.newest()[-1])


BROKEN = [
    (LOCAL, latest, workloads.images, "has no tag, or one that moves"),
    (LOCAL, untagged, workloads.images, "has no tag, or one that moves"),
    (LOCAL, unbuilt, workloads.images, "nothing in deploy/docker builds bellwether-apy"),
    (LOCAL, other_version, workloads.images, "is not of version"),
    (LOCAL, uncomposed, workloads.images, "is not what docker-compose.yml runs"),
    (LOCAL, unlimited, workloads.limits, "no limits of memory"),
    (LOCAL, unenforced, workloads.restricted, "does not enforce"),
    (LOCAL, root, workloads.restricted, "no number above 0"),
    (LOCAL, writable, workloads.restricted, "readOnlyRootFilesystem"),
    (LOCAL, capable, workloads.restricted, "capabilities"),
    (LOCAL, host_path, workloads.restricted, "hostPath"),
    (LOCAL, host_network, workloads.restricted, "hostNetwork"),
    (LOCAL, unconfined, workloads.restricted, "seccompProfile"),
    (LOCAL, no_liveness, workloads.probes, "no livenessProbe"),
    (LOCAL, no_such_route, workloads.probes, "there is no route /healthz"),
    (LOCAL, metrics_port, workloads.probes, "there is no route /ready on 9000"),
    (LOCAL, deadly_readiness, workloads.probes, "asks /ready, not /health"),
    (LOCAL, shell_probe, workloads.probes, "our images have no shell"),
    (LOCAL, moved, workloads.probes, "nothing listens on http"),
    (LOCAL, scraped_elsewhere, workloads.scraping, "not told where its metrics are"),
    (LOCAL, short_grace, workloads.grace, "are too few for 10 s of notice and 20 s to drain"),
    (LOCAL, no_notice, workloads.grace, "are too few for a probe"),
    (LOCAL, nameless_job, workloads.releases, "does not bear the release"),
    (LOCAL, other_database, workloads.releases, "is not told what the services are told"),
    (LOCAL, small_volume, workloads.journals, "does not fit"),
    (LOCAL, lost_journal, workloads.journals, "is not kept"),
    (LOCAL, nameless_replica, workloads.journals, "not known by the name"),
    (LOCAL, twice, references.names, "is there twice"),
    (LOCAL, elsewhere, references.names, "is not in bellwether"),
    (LOCAL, too_wide, references.selectors, "its selector selects"),
    (LOCAL, lost_budget, references.selectors, "PodDisruptionBudget api: selects []"),
    (LOCAL, service_too_wide, references.services, "Service api: leads to"),
    (LOCAL, astray, references.services, "Service api: leads to []"),
    (LOCAL, deaf_port, references.services, "listens on 8080"),
    (LOCAL, loopback, references.services, "listens on http"),
    (PROD, everybody, references.ingresses, "everybody may come"),
    (PROD, plain_http, references.ingresses, "has no TLS"),
    (PROD, told_metrics, references.ingresses, "metrics can be read from outside"),
    (PROD, no_action, references.ingresses, "does not end at the load balancer"),
    (LOCAL, misspelt, references.settings_names, "there is no setting BELLWETHER__DATABSE__URL"),
    (LOCAL, no_configmap, references.environment_sources, "there is no ConfigMap setting"),
    (LOCAL, no_key, references.environment_sources, "nothing makes apitoken"),
    (LOCAL, no_volume, references.environment_sources, "there is no volume work"),
    (LOCAL, token, references.accounts, "has a token"),
    (LOCAL, mighty, references.accounts, "may do more"),
    (LOCAL, shared_account, references.accounts, "no ServiceAccount of its own"),
    (LOCAL, no_target, references.scaling, "there is no Deployment api"),
    (LOCAL, fixed_number, references.scaling, "is said twice"),
    (KEDA, two_scalers, references.scaling, "two scale it"),
    (KEDA, no_such_column, references.scaling, "its query asks"),
    (KEDA, no_keda_key, references.scaling, "nothing makes dsn"),
    (LOCAL, password, references.no_secrets, "BELLWETHER__DATABASE__PASSWORD stands in git"),
    (LOCAL, password_in_url, references.no_secrets, "an address with a password in it"),
    (LOCAL, literal_token, references.no_secrets, "BELLWETHER__AUTH__TOKEN stands in git"),
    (LOCAL, secret, references.no_secrets, "Secret s stands in git"),
    (LOCAL, closed, network.policies, "needed, and not let through: migrate-0.1.0 to mysql, port 3306"),
    (LOCAL, half_closed, network.policies, "needed, and not let through: worker to mysql, port 3306"),
    (LOCAL, no_dns, network.policies, "needed, and not let through: api to namespace kube-system, port 53"),
    (LOCAL, too_open, network.policies, "let through, and not needed: half a way, api to mailpit, port 1025"),
    (PROD, any_port, network.policies, "let through, and not needed: api to 0.0.0.0/0 without 169.254.0.0/16, port 0"),
    (LOCAL, anybody, network.policies, "let through, and not needed: 0.0.0.0/0 to api, port 9000"),
    (PROD, other_mail_port, network.policies, f"needed, and not let through: worker to {network.INTERNET}, port 2525"),
    (PROD, from_the_vpc, network.policies, "let through, and not needed: 10.0.0.0/16 to api, port 8000"),
    (PROD, console_for_all, network.policies, "let through, and not needed: 0.0.0.0/0 to config-admin, port 8001"),
    (PROD, database_anywhere, network.policies, f"let through, and not needed: api to {network.INTERNET}, port 3306"),
    (PROD, redis_anywhere, network.policies, "needed, and not let through: worker to 10.0.0.0/16, port 6379"),
    (PROD, credentials, network.policies, "let through, and not needed: worker to 0.0.0.0/0, port 443"),
    (PROD, other_exception, network.policies, "let through, and not needed: worker to 0.0.0.0/0 without 169.254.169.0/32"),
    (LOCAL, not_denied, network.denied, "no policy denies everything"),
    (LOCAL, only_inward, network.denied, "no policy denies everything"),
    (LOCAL, not_denied, network.policies, "let through, and not needed: mysql to everything, port 0"),
    (LOCAL, stranger, network.labels, "no pod is wrker"),
    (LOCAL, unknown_key, valid, "terminationGracePeriod"),
    (LOCAL, unknown_kind, valid, "knows it not"),
    (KEDA, bare_trigger, valid, "lacks {'triggers'}"),
]


IDS = [f"{broken.__name__}-{check.__name__}" for _, broken, check, _ in BROKEN]


@pytest.mark.parametrize("folder, broken, check, expected", BROKEN, ids=IDS)
def test_it_is_found(folder, broken, check, expected):
    rendered = render(folder)
    before = set(check(rendered))
    broken(rendered)
    found = set(check(rendered)) - before
    assert any(expected in fault for fault in found), found


def test_every_check_is_shown_something_broken():
    shown = {check for _, _, check, _ in BROKEN}
    assert {*workloads.ALL, *references.ALL, *network.ALL} <= shown

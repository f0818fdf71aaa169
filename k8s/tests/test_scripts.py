"""The scripts that run in the cluster, run here: against something that answers as the Kubernetes api and S3 do, and with
a real redis-server.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rendered import PROJECT, render

SECRETS = PROJECT / "k8s/overlays/local/secrets/make_secrets.py"
SEED = PROJECT / "k8s/overlays/local/servers/seed.py"
NAMESPACE, TOKEN = "somewhere", "the-pod-s-token"


class Cluster(http.server.BaseHTTPRequestHandler):
    """As much of the Kubernetes api as it takes: one Secret may be made, by whoever has the token."""

    made: list[dict] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wrong = self.headers["Authorization"] != f"Bearer {TOKEN}"
        if wrong or self.path != f"/api/v1/namespaces/{NAMESPACE}/secrets":
            return self.answer(403)
        if self.made:
            return self.answer(409)
        self.made.append(body)
        self.answer(201)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def cluster(tmp_path):
    """An account's folder, and the variables that Kubernetes gives every pod."""
    key, certificate = tmp_path / "tls.key", tmp_path / "ca.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=kubernetes"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    (tmp_path / "token").write_text(TOKEN + "\n")
    Cluster.made = []
    server = http.server.HTTPServer(("127.0.0.1", 0), Cluster)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {
        "ACCOUNT": str(tmp_path),
        "NAMESPACE": NAMESPACE,
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(server.server_port),
    }
    server.shutdown()
    server.server_close()


def make_secrets(variables: dict[str, str]) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SECRETS), "bellwether-secrets"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=30)


def test_secrets_are_made_once_and_told_nowhere(cluster):
    first = make_secrets(cluster)
    assert first.returncode == 0, first.stderr
    (secret,) = Cluster.made
    assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", "bellwether-secrets")
    assert "kubectl -n somewhere get secret bellwether-secrets -o jsonpath='{.data.first-password}'" in first.stdout
    values = secret["stringData"]
    assert len(set(values.values())) == len(values), "every one is another"
    for value in values.values():
        assert value not in first.stdout + first.stderr
    again = make_secrets(cluster)
    assert again.returncode == 0 and "stays as it is" in again.stdout
    assert Cluster.made == [secret]


def test_what_is_made_is_as_strong_as_the_settings_demand(cluster):
    assert make_secrets(cluster).returncode == 0
    values = Cluster.made[0]["stringData"]
    assert len(values["api-token"]) >= 16 and len(values["jwt-secret"]) >= 32 and len(values["first-password"]) >= 12
    for name, value in values.items():
        # They stand in a redis.conf, in SQL and in addresses: nothing in them may mean something there.
        assert name == "keda-connection" or re.fullmatch(r"[A-Za-z0-9._-]+", value)
    assert values["keda-connection"] == f"bellwether:{values['database-password']}@tcp(mysql.somewhere.svc:3306)/bellwether"


@pytest.mark.parametrize("environment", ["stage", "prod"])
def test_the_console_s_tokens_are_signed_for_their_environment(cluster, environment):
    assert make_secrets(cluster).returncode == 0
    values = Cluster.made[0]["stringData"]
    signed, _, signature = values[f"console-token-{environment}"].rpartition(".")
    expected = hmac.digest(values["jwt-secret"].encode(), signed.encode(), hashlib.sha256)
    assert base64.urlsafe_b64encode(expected).rstrip(b"=").decode() == signature
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    assert header["alg"] == "HS256"
    assert claims["exp"] > time.time() + 365 * 24 * 3600
    assert claims["scope"].split() == ["predict", "config"]
    # As that environment's api demands them.
    suffix = "-stage" if environment == "stage" else ""
    api = next(each for each in render("overlays/local").containers if each.pod.name == f"api{suffix}")
    assert claims["iss"] == api.environment["BELLWETHER__AUTH__JWT_ISSUER"]
    assert claims["aud"] == api.environment["BELLWETHER__AUTH__JWT_AUDIENCE"]


def test_a_refusal_fails_the_job_and_says_no_secret(cluster):
    Path(cluster["ACCOUNT"], "token").write_text("another token")
    refused = make_secrets(cluster)
    assert refused.returncode == 1 and "answers 403" in refused.stdout
    assert Cluster.made == []


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(holds, seconds: float = 20.0):
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
    return answer


class Buckets(http.server.BaseHTTPRequestHandler):
    """As much of S3 as it takes: buckets may be made and asked about."""

    there: set[str] = set()

    def do_HEAD(self):
        self.answer(200 if self.path in self.there else 404)

    def do_PUT(self):
        self.there.add(self.path)
        self.answer(200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_bucket_that_was_lost_is_made_again():
    Buckets.there = set()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Buckets)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    variables = {**os.environ, "SERVER": f"http://127.0.0.1:{server.server_port}", "PAUSE_SECONDS": "0.05"}
    seeding = subprocess.Popen([sys.executable, str(SEED), "one", "two"], env=variables, stdout=subprocess.DEVNULL)
    try:
        until(lambda: Buckets.there == {"/one", "/two"})
        Buckets.there.clear()
        until(lambda: Buckets.there == {"/one", "/two"})
        seeding.terminate()
        assert seeding.wait(10) == 0, "it ends at once when it is asked to"
    finally:
        seeding.kill()
        server.shutdown()
        server.server_close()


def test_redis_starts_as_the_manifest_says_and_wants_its_password(tmp_path):
    rendered = render("base")
    redis = next(each for each in rendered.containers if each.pod.name == "redis-master")
    settings = next(each for each in rendered.of("ConfigMap") if each["metadata"]["name"].startswith("redis-master-"))
    places = {"/data": tmp_path / "data", "/etc/redis": tmp_path / "etc", "/run/redis": tmp_path / "run"}
    for folder in places.values():
        folder.mkdir()
    port = free_port()

    def here(text: str) -> str:
        for place, folder in places.items():
            text = text.replace(place, str(folder))
        return text.replace("port 6379", f"port {port}")

    (places["/etc/redis"] / "redis.conf").write_text(here(settings["data"]["redis.conf"]))
    command = [here(part) for part in redis.spec["command"]]
    variables = {**os.environ, "REDISCLI_AUTH": "a-password"}
    ask = ["redis-cli", "-p", str(port)]
    starting = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)
    try:
        answered = lambda: subprocess.run([*ask, "ping"], env=variables, capture_output=True, text=True)  # noqa: E731
        until(lambda: answered().stdout.strip() == "PONG")
        asked = [*ask, "config", "get", "appendonly", "maxmemory-policy"]
        told = subprocess.run(asked, env=variables, capture_output=True, text=True).stdout.split()
        assert dict(zip(told[::2], told[1::2], strict=True)) == {"appendonly": "yes", "maxmemory-policy": "noeviction"}
        stranger = {key: value for key, value in variables.items() if key != "REDISCLI_AUTH"}
        refused = subprocess.run([*ask, "ping"], env=stranger, capture_output=True, text=True)
        assert "NOAUTH" in refused.stdout + refused.stderr
        said = Path(f"/proc/{starting.pid}/cmdline").read_text()
        assert "redis-server" in said and "a-password" not in said, "it took the shell's place, and tells no password"
    finally:
        starting.terminate()
        starting.wait(10)

"""Starts what `overlays/local` renders on a Docker engine and tries what it promises. It is skipped where no engine is running, or
where our images are not built (`docker compose build`; of another tag by BELLWETHER_TAG).
"""

import json
import re
import time

import engine
import project
import pytest
import zstandard
from engine import ask, until
from rendered import Pod, render

BODY = {"acquired_date": "2021-01-09", "activity_score": 0.6544, "client_id": "100001"}


@pytest.fixture(scope="module")
def rendered():
    if not engine.is_there():
        pytest.skip("no Docker engine is running")
    rendered = render("overlays/local")
    if missing := engine.missing_images(rendered):
        pytest.skip(f"images are missing: {', '.join(missing)}")
    return rendered


@pytest.fixture(scope="module")
def cluster(rendered):
    """Everything at once, as a cluster starts it; ready when every probe says so."""
    secrets = project.module("k8s/overlays/local/secrets/make_secrets.py").values(int(time.time()), "bellwether")
    cluster = engine.Cluster(rendered, secrets)
    try:
        pods = [pod for pod in rendered.pods if pod.kind != "CronJob" and pod.name != "make-secrets"]
        for pod in pods:
            cluster.start(pod)
        for pod in pods:
            if pod.kind == "Job":
                ended = lambda pod=pod: cluster.state(pod)["Status"] == "exited"  # noqa: E731
                until(ended, 180, lambda pod=pod: cluster.logs(pod))
                assert cluster.state(pod)["ExitCode"] == 0, cluster.logs(pod)
        for pod in pods:
            if pod.kind != "Job":
                until(lambda pod=pod: cluster.answers(pod, "readiness"), 120, lambda pod=pod: cluster.logs(pod))
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def api(rendered) -> Pod:
    return rendered.pod("StatefulSet", "api")


def predict(cluster, api: Pod) -> dict:
    status, body = ask(f"http://127.0.0.1:{cluster.port(api, 'http')}/predict", 10, BODY, cluster.secrets["api-token"])
    assert status == 200, body
    return json.loads(body)


def rows(cluster, uid: str) -> int:
    """How many rows of a prediction are in production's log."""
    pod = cluster.rendered.pod("StatefulSet", "mysql")
    query = f"SELECT count(*) FROM model_logs WHERE uid = unhex('{uid.replace('-', '')}')"
    client = ["sh", "-c", 'MYSQL_PWD="$MYSQL_PASSWORD" mysql -h 127.0.0.1 -u bellwether -N bellwether -e "$0"', query]
    told = engine.docker("exec", cluster.container(pod, pod.containers[0]), *client, check=False)
    return int(told.stdout or 0)


def test_every_pod_comes_up_and_lives(cluster, rendered):
    for pod in rendered.pods:
        if not pod.ends:
            assert cluster.answers(pod, "startup") and cluster.answers(pod, "liveness"), cluster.logs(pod)


def test_a_prediction_has_its_row_its_object_and_its_email(cluster, api, rendered):
    uid = predict(cluster, api)["uid"]
    until(lambda: rows(cluster, uid) == 1, 30, "the row")
    address = f"http://127.0.0.1:{cluster.port(api, 'http')}/emails"
    status, body = ask(address, 10, {"uid": uid}, cluster.secrets["api-token"])
    assert status == 202, body
    mailpit = cluster.port(rendered.pod("Deployment", "mailpit"), "http")
    messages = f"http://127.0.0.1:{mailpit}/api/v1/messages"
    until(lambda: any(uid in m["MessageID"] for m in json.loads(ask(messages)[1])["messages"]), 30, "the email")
    bucket = f"http://127.0.0.1:{cluster.port(rendered.pod('Deployment', 's3'), 'http')}/bellwether-archive"
    until(lambda: uid in archived(bucket), 30, "the object")


def archived(bucket: str) -> set[str]:
    """The uid of every record in production's archive."""
    keys = re.findall(r"<Key>(records/prod/[^<]+\.zst)</Key>", ask(f"{bucket}?list-type=2")[1].decode())
    # An object is many frames, one behind the other.
    reader = zstandard.ZstdDecompressor().stream_reader
    texts = [reader(ask(f"{bucket}/{key}")[1], read_across_frames=True).read() for key in keys]
    return {json.loads(line)["output"]["uid"] for text in texts for line in text.splitlines()}


@pytest.mark.parametrize("environment, name", [("prod", "api"), ("stage", "api-stage")])
def test_the_console_s_token_opens_its_environment_and_no_other(cluster, rendered, environment, name):
    address = f"http://127.0.0.1:{cluster.port(rendered.pod('StatefulSet', name), 'http')}/config"
    other = {"prod": "stage", "stage": "prod"}[environment]
    status, body = ask(address, token=cluster.secrets[f"console-token-{environment}"])
    assert (status, json.loads(body)["environment"]) == (200, environment)
    assert ask(address, token=cluster.secrets[f"console-token-{other}"])[0] == 403
    assert ask(address, token=cluster.secrets["api-token"])[0] == 403, "the shared token carries no `config`"


def test_a_deleted_pod_comes_back_with_its_journal_and_relays_it(cluster, api, rendered):
    mysql = rendered.pod("StatefulSet", "mysql")
    engine.docker("stop", cluster.container(mysql, mysql.containers[0]))
    uid = predict(cluster, api)["uid"]
    # As hard as a pod can go: no SIGTERM, and nothing of it is left but its volume.
    engine.docker("rm", "--force", cluster.container(api, api.containers[0]))
    cluster.start(api)
    until(lambda: cluster.answers(api, "readiness"), 60, lambda: cluster.logs(api))
    assert predict(cluster, api)["config_version"] == 1, "it answers on its last good config while the database is away"
    engine.docker("start", cluster.container(mysql, mysql.containers[0]))
    until(lambda: rows(cluster, uid) == 1, 90, lambda: cluster.logs(api))


def test_a_pod_says_no_then_goes_in_the_time_that_it_is_given(cluster, rendered):
    api = rendered.pod("StatefulSet", "api-stage")
    container = cluster.container(api, api.containers[0])
    ready = f"http://127.0.0.1:{cluster.port(api, 'http')}/ready"
    began = time.monotonic()
    engine.docker("kill", "--signal", "TERM", container)
    until(lambda: ask(ready)[0] == 503, 5, "it says that it goes")
    engine.docker("wait", container)
    took = time.monotonic() - began
    given = api.spec["terminationGracePeriodSeconds"]
    assert 10 <= took < given, f"it took {took:.0f} s of {given} s"

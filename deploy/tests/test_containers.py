"""What has not been run in a container does not work in one: docker-compose.yml on a real engine, from the build
of the images to the removal of the volumes. Tests stand in the order in which they build on one another;
scripts/test-containers runs them."""

import collections
import os
import re
import time

import pytest

from load import BODY, Load
from stack import DATABASES, OURS, ONCE, ROOT, THEIRS, Stack, run, say, until

# By the service that names its Dockerfile.
IMAGES = {
    "api": "bellwether-api",
    "worker": "bellwether-worker",
    "config-admin": "bellwether-config-admin",
    "cli": "bellwether",
}
API = {"prod": "api", "stage": "api-stage"}
MOST_BYTES = 120_000_000
NOBODY = "10001"
WORKERS = 3
# After a container was killed: how many answers others give before it is started again, and how long all that was
# answered may take to reach log, archive and mailbox once it is back.
MEANWHILE = 15
ARRIVES_SECONDS = 150
SEED_SECONDS = 20


@pytest.fixture(scope="session")
def stack(request):
    stack = Stack()
    try:
        build(stack)
        began = time.monotonic()
        stack.compose("up", "--detach", "--quiet-pull")
        for service in (*THEIRS, *OURS):
            wait_healthy(stack, service)
        say(f"up and healthy in {time.monotonic() - began:.1f} s: {', '.join((*THEIRS, *OURS))}")
        yield stack
    finally:
        if request.session.testsfailed or not stack.containers(OURS[0]):
            told = stack.compose("logs", "--no-color", "--tail", "300", check=False).splitlines()
            print("\n".join(line[:300] for line in told if '"level":"INFO"' not in line and "GET /moto" not in line))
            print(stack.compose("ps", "--all", check=False))
        began = time.monotonic()
        stack.close()
        say(f"down, volumes too, in {time.monotonic() - began:.1f} s")


def build(stack: Stack):
    tag = stack.env["BELLWETHER_TAG"]
    images = [f"{name}:{tag}" for name in IMAGES.values()]
    there = all(run("docker", "images", "--quiet", image) for image in images)
    if os.environ.get("BELLWETHER_CONTAINERS_BUILD") == "0" and there:
        say(f"images of {tag} are taken as they are")
        return
    for service, name in IMAGES.items():
        began = time.monotonic()
        stack.compose("--profile", "*", "build", "--quiet", service)
        size = int(run("docker", "inspect", "--format", "{{.Size}}", f"{name}:{tag}"))
        say(f"{name}:{tag} is built in {time.monotonic() - began:.1f} s, {size / 1e6:.1f} MB")
        assert size < MOST_BYTES, f"{name} is too large"


def wait_healthy(stack: Stack, service: str, within: float = 180):
    for container in until(lambda: stack.containers(service), 10, f"{service} has a container"):
        until(lambda: stack.is_healthy(container), within, f"{stack.name(container)} is healthy")


@pytest.fixture(scope="session")
def scaled(stack):
    """Three workers of prod, and every email sent: so that there is something to be lost."""
    stack.compose("up", "--detach", "--no-recreate", "--scale", f"worker={WORKERS}")
    wait_healthy(stack, "worker")
    return stack


@pytest.fixture(scope="session")
def console(stack):
    """`bellwether config` with a token of the first user's."""
    token = stack.cli("user", "token", "admin", "--name", "test", "--role", "approver").strip()
    return lambda *arguments: stack.cli("config", *arguments, BELLWETHER_CONSOLE_TOKEN=token)


# ---- coming up ----


def test_what_is_done_once_was_done_and_is_over(stack):
    for service in ONCE:
        state = stack.inspect(stack.containers(service)[0])["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 0), service
    for environment in DATABASES:
        assert stack.sql(environment, "SELECT COUNT(*) FROM client_features")[0][0] != "0", environment
        assert stack.sql(environment, "SELECT name, role FROM users") == [["admin", "admin"]], environment
    say("both databases have their tables, sample clients and the first user")


def test_every_container_of_ours_is_nobody_on_a_root_that_nobody_can_write(stack):
    for service in (*OURS, "aws-seed"):
        for container in stack.containers(service):
            told = stack.inspect(container)
            host = told["HostConfig"]
            assert told["Config"]["User"] == "10001:10001", service
            assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"], service
            assert host["PidsLimit"] and host["Memory"] and host["NanoCpus"], f"{service} has limits"
            seen = within_its_namespace(stack, container)
            assert seen["Uid"] == [NOBODY] * 4 and seen["Gid"] == [NOBODY] * 4, service
            assert int(seen["CapEff"][0], 16) == 0 and seen["NoNewPrivs"] == ["1"], service
            assert seen["write"] == ["EROFS"], f"{service}: a write to / ends in {seen['write']}"
    say("every container of ours runs as 10001 without capabilities; a write to its root ends in EROFS")


LOOK_INTO = """
import errno
for line in open("/proc/1/status"):
    print(line.rstrip())
try:
    open("/proc/1/root/written-by-a-test", "w")
    print("write:", "OK")
except OSError as error:
    print("write:", errno.errorcode[error.errno])
"""


def within_its_namespace(stack: Stack, container: str) -> dict:
    """The first process of a container as its neighbour sees it, and what a write to its root comes to."""
    identity = ["--user", f"{NOBODY}:{NOBODY}", "--cap-drop", "ALL", "--network", "none"]
    image = stack.env["AWS_IMAGE"]
    python = ["--entrypoint", "python3", image, "-c", LOOK_INTO]
    out = run("docker", "run", "--rm", "--pid", f"container:{container}", *identity, *python)
    return {name: values.split() for name, values in (line.split(":", 1) for line in out.splitlines())}


def test_only_what_is_meant_to_be_reached_is_published_and_on_loopback(stack):
    for service in (*THEIRS, *OURS):
        for container in stack.containers(service):
            bindings = stack.inspect(container)["HostConfig"]["PortBindings"] or {}
            addresses = {binding["HostIp"] for each in bindings.values() for binding in each}
            is_open = service in ("api", "api-stage", "config-admin", "mailpit")
            assert addresses == ({"127.0.0.1"} if is_open else set()), service


# ---- a change of config, and a prediction ----


def test_a_config_change_through_the_console_arrives_in_both_apis(stack, console):
    began = time.monotonic()
    change = ["--set", "email=all", "--set", "proba_cutoff=0.6", "--reason", "Every prediction, for a test"]
    told = console("propose", *change, "--try", "--promote", "--bake-minutes", "0")
    assert "the trial has passed" in told, told
    for environment in DATABASES:
        until(lambda: serves(stack, environment, 2, 0.6), 30, f"{environment} has the change")
        assert stack.config(environment)["document"]["email"] == "all"
    took = time.monotonic() - began
    say(f"a change was proposed, tried in staging, promoted, and is live in both apis after {took:.1f} s")
    assert stack.sql("prod", "SELECT MAX(version) FROM config_version") == [["2"]]


def serves(stack: Stack, environment: str, version: int, cutoff: float) -> bool:
    live = stack.config(environment)
    return live["version"] == version and live["document"]["proba_cutoff"] == cutoff


@pytest.mark.parametrize("environment", DATABASES)
def test_a_prediction_has_its_row_its_object_and_its_email(stack, environment):
    began = time.monotonic()
    answer = stack.predict(environment, BODY | {"client_id": "100001"})
    uid = answer["uid"]
    say(f"{environment}: predicted {answer['prediction']} by {answer['model']}")
    query = f"SELECT client_id, treatment, model, config_version FROM model_logs WHERE uid = {binary(uid)}"
    rows = until(lambda: stack.sql(environment, query), 30, "the row")
    assert rows == [["100001", answer["treatment"], answer["model"], "2"]]
    say(f"{environment}: its row is there")

    archived = until(lambda: [r for r in archive(stack, environment) if r["output"]["uid"] == uid], 60, "the object")
    assert [record["output"]["prediction"] for record in archived] == [answer["prediction"]]
    say(f"{environment}: its record is in an object of S3, once")

    until(lambda: message_id(environment, uid) in stack.mail(), 30, "the email")
    say(f"{environment}: its email is at Mailpit; all of it took {time.monotonic() - began:.1f} s")


def binary(uid: str) -> str:
    return f"UNHEX('{uid.replace('-', '')}')"


def message_id(environment: str, uid: str) -> str:
    return f"{uid}@bellwether.{environment}"


def archive(stack: Stack, environment: str) -> list:
    """Every record of an environment's objects."""
    prefix = f"{environment}/{environment}/"
    return [record for key, held in stack.objects().items() if key.startswith(prefix) for record in held]


# ---- scaling ----


def test_three_workers_share_the_work(scaled):
    stack = scaled
    workers = stack.containers("worker")
    assert len(workers) == WORKERS

    def sent():
        return {stack.name(each): stack.metric(each, 8002, "bellwether_emails_sent_total") for each in workers}

    before = sent()
    with Load(stack, ["prod"]) as load:
        shares = until(
            lambda: (now := sent()) and all(now[name] > before[name] + 2 for name in now) and now,
            60,
            "every worker has sent emails",
        )
    told = ", ".join(f"{name} {shares[name] - before[name]:.0f}" for name in shares)
    say(f"{load.count('prod')} predictions; emails sent by {told}")


# ---- docker kill ----

# Whose death can come between the mail server's 250 and the record of it: then an email goes out twice, never not at all.
TWICE = ("worker", "mysql", "mailpit")


@pytest.mark.parametrize("service", [*OURS, *THEIRS])
def test_docker_kill_under_running_predictions_loses_nothing(scaled, service):
    stack, began = scaled, time.monotonic()
    with Load(stack) as load:
        until(lambda: min(map(load.count, DATABASES)) >= 5, 30, "predictions run")
        killed_at = []
        for container in stack.containers(service):
            killed_at.append(kill_and_start(stack, load, container))
        back = {environment: load.count(environment) for environment in DATABASES}
        until(lambda: all(load.count(each) >= back[each] + 3 for each in DATABASES), 30, "both environments answer")
    answered = {environment: load.uids(environment) for environment in DATABASES}

    for environment, uids in answered.items():
        until(lambda: uids <= set(logged(stack, environment)), ARRIVES_SECONDS, f"all of {environment} in the log")
        twice = [uid for uid, n in collections.Counter(logged(stack, environment)).items() if n > 1]
        assert twice == [], environment
        archived_once(stack, environment, uids if service != "aws" else load.uids(environment, since=killed_at[0]))
    forgotten = 0
    for environment, uids in answered.items():
        forgotten += mailed(stack, environment, uids, service, killed_at[-1])
    count = " + ".join(str(len(uids)) for uids in answered.values())
    more = f" ({forgotten} emails were taken by the sink before it died, and forgotten by it)" if forgotten else ""
    failed = sum(load.failed.values())
    say(f"{service}: {count} answers, {failed} calls without one; nothing lost{more}; {time.monotonic() - began:.1f} s")


def kill_and_start(stack: Stack, load: Load, container: str) -> float:
    """Kills a container, lets others answer without it, starts it again; answers when it was killed."""
    before = {environment: load.count(environment) for environment in DATABASES}
    run("docker", "kill", container)
    killed_at = time.time()
    assert not stack.inspect(container)["State"]["Running"]
    # What is no api is needed by no answer; and an api by no other's.
    others = [each for each in DATABASES if container not in stack.containers(API[each])]
    what = f"{' and '.join(others)} answer while {stack.name(container)} is dead"
    until(lambda: all(load.count(each) >= before[each] + MEANWHILE for each in others), 30, what)
    run("docker", "start", container)
    until(lambda: stack.is_healthy(container), 120, f"{stack.name(container)} is healthy again")
    return killed_at


def logged(stack: Stack, environment: str) -> list:
    rows = stack.sql(environment, "SELECT LOWER(HEX(uid)) FROM model_logs")
    return [f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}" for (h,) in rows]


def archived_once(stack: Stack, environment: str, uids: set):
    """Fails unless each is in exactly one object of S3, whatever else is there."""

    def all_there():
        held = collections.Counter(record["output"]["uid"] for record in archive(stack, environment))
        return uids <= held.keys() and held

    held = until(all_there, ARRIVES_SECONDS, f"all of {environment} in the archive")
    assert [uid for uid in uids if held[uid] > 1] == [], environment


def mailed(stack: Stack, environment: str, uids: set, service: str, killed_at: float) -> int:
    """Fails unless each has its email. Answers how many of them a sink took that forgot them when it was killed: those
    that were recorded as sent before."""

    def missing():
        return {uid for uid in uids if message_id(environment, uid) not in seen()}

    def seen():
        return collections.Counter(stack.mail())

    def unsent():
        query = "SELECT LOWER(HEX(uid)) FROM email_jobs WHERE state = 'sent' AND "
        query += f"UNIX_TIMESTAMP(CONVERT_TZ(sent_at, '+00:00', @@session.time_zone)) < {killed_at:.3f}"
        sent = {uid for (uid,) in stack.sql(environment, query)}
        return {uid for uid in missing() if uid.replace("-", "") not in sent}

    if service == "mailpit":
        until(lambda: not unsent(), ARRIVES_SECONDS, f"all emails of {environment}")
        return len(missing())
    until(lambda: not missing(), ARRIVES_SECONDS, f"all emails of {environment}")
    if service not in TWICE:
        held = seen()
        assert [uid for uid in uids if held[message_id(environment, uid)] > 1] == [], "an email came twice"
    return 0


def test_a_proposal_outlives_a_console_that_is_killed_amid_its_trial(scaled, console):
    stack = scaled
    told = console("propose", "--set", "proba_cutoff=0.61", "--reason", "For a console that is killed", "--try")
    number = re.search(r"proposal (\d+)", told)[1]
    killed = stack.containers("config-admin")[0]
    run("docker", "kill", killed)
    run("docker", "start", killed)
    until(lambda: stack.is_healthy(killed), 120, "the console is healthy again")
    assert "the trial has passed" in console("wait", number)
    console("promote", number, "--bake-minutes", "0")
    for environment in DATABASES:
        until(lambda: serves(stack, environment, 3, 0.61), 30, f"{environment} has the change")
    say("a proposal whose console was killed amid its trial was tried, promoted, and is live in both apis")


def test_a_journal_outlives_its_container_while_the_database_is_dead(scaled):
    stack = scaled
    mysql = stack.containers("mysql")[0]
    with Load(stack, ["prod"]) as load:
        until(lambda: load.count("prod") >= 5, 30, "predictions run")
        run("docker", "kill", mysql)
        before = load.count("prod")
        until(lambda: load.count("prod") >= before + 20, 30, "predictions run without a database")
        run("docker", "rm", "--force", stack.containers("api")[0])
        gone = load.count("prod")
        stack.compose("up", "--detach", "--no-deps", "api")
        until(lambda: load.count("prod") >= gone + 20, 60, "a new container answers, still without a database")
        run("docker", "start", mysql)
        until(lambda: stack.is_healthy(mysql), 120, "the database is healthy again")
    until(lambda: load.uids("prod") <= set(logged(stack, "prod")), ARRIVES_SECONDS, "all of it in the log")
    archived_once(stack, "prod", load.uids("prod"))
    mailed(stack, "prod", load.uids("prod"), "mysql", 0)
    say(f"{gone - before} answers lay in the journal of a container that was removed; all of them are in the log")


def test_the_stand_in_for_aws_is_filled_again_when_it_was_killed(scaled):
    stack = scaled
    aws = stack.containers("aws")[0]
    run("docker", "kill", aws)
    run("docker", "start", aws)
    began = time.monotonic()
    told = "import os, seed; print(seed.is_healthy(os.environ))"
    until(lambda: stack.python(told).strip() == "True", SEED_SECONDS, "bucket and secrets are there again")
    say(f"bucket and secrets are there again {time.monotonic() - began:.1f} s after the stand-in's start")
    # What starts now reads its passwords there.
    run("docker", "restart", stack.containers("api-stage")[0])
    wait_healthy(stack, "api-stage")


# ---- SIGTERM ----


def test_an_api_that_is_stopped_under_load_leaves_nothing_in_its_journal(scaled):
    stack = scaled
    with Load(stack, ["prod"]) as load:
        until(lambda: load.count("prod") >= 20, 30, "predictions run")
        stop(stack, "api")
    missing = load.uids("prod") - set(logged(stack, "prod"))
    assert missing == set(), "what was answered is in the log when the process has ended"
    say(f"api: {load.count('prod')} answers, all of them in the log when it had stopped")


@pytest.mark.parametrize("service", [*OURS[1:], "aws-seed"])
def test_sigterm_ends_each_within_its_grace(scaled, service):
    stop(scaled, service)


def stop(stack: Stack, service: str):
    """Stops a service as compose does, and fails unless all of it ended by itself and with 0."""
    containers = stack.containers(service)
    grace = stack.inspect(containers[0])["Config"]["StopTimeout"]
    began = time.monotonic()
    stack.compose("stop", service)
    took = time.monotonic() - began
    for container in containers:
        state = stack.inspect(container)["State"]
        assert state["ExitCode"] == 0 and not state["OOMKilled"], f"{stack.name(container)}: {state['ExitCode']}"
    assert took < grace, service
    say(f"{service}: stopped by SIGTERM in {took:.1f} of {grace} s, exit code 0")


def test_no_password_was_logged(stack):
    log = stack.compose("logs", "--no-color", *OURS, *ONCE, "aws-seed")
    assert len(log) > 1000
    for name, value in stack.env.items():
        if name.endswith(("_PASSWORD", "_TOKEN", "_JWT_SECRET")):
            assert value not in log, name


def test_compose_as_a_command_of_its_own_reads_the_same(stack):
    if not run("sh", "-c", "command -v docker-compose || true").strip():
        pytest.skip("there is no docker-compose command")
    head = ["docker-compose", "--env-file", str(stack.env_file), "--project-directory", str(ROOT), "-p", stack.project]
    assert run(*head, "config") == stack.compose("config")
    say(f"docker-compose {run('docker-compose', 'version', '--short').strip()} reads the same")

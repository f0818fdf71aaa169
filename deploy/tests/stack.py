"""docker-compose.yml brought up under a project name and on ports of its own, and what can be asked of it from outside:
the engine, MySQL, the stand-in for S3, Mailpit and the apis. Nothing here judges."""

import base64
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import zstandard

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy/compose"))
import aws_seed  # noqa: E402  (it lies where compose mounts it from)

OURS = ("api", "api-stage", "config-admin", "worker", "worker-stage")
THEIRS = ("mysql", "redis", "mailpit", "aws", "aws-seed")
ONCE = ("migrate-prod", "migrate-stage")
DATABASES = {"prod": "bellwether", "stage": "bellwether_stage"}
PORTS = {"prod": "API_PORT", "stage": "API_STAGE_PORT"}
LOOK_SECONDS = 0.2

BEGAN = time.monotonic()


def say(text: str):
    """A line of progress, with the seconds since the beginning."""
    print(f"{time.monotonic() - BEGAN:7.1f} s  {text}", flush=True)


def until(condition, within: float, what: str):
    """What `condition` answers, as soon as that is true; fails with `what` after so many seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(LOOK_SECONDS)


def free_ports(count: int) -> list:
    with contextlib.ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in sockets]


def settings() -> dict:
    """.env.example with passwords of its own and free ports; what stands in our own environment holds before it."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    made = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for name in made:
        if name.endswith(("_PASSWORD", "_TOKEN", "_JWT_SECRET")):
            made[name] = secrets.token_hex(20)
    ports = [name for name in made if name.endswith("_PORT")]
    made |= dict(zip(ports, free_ports(len(ports))))
    made["CONSOLE_PUBLIC_URL"] = f"http://127.0.0.1:{made['CONSOLE_PORT']}"
    made["ARCHIVE_BATCH_SECONDS"] = "2"
    return made | {name: os.environ[name] for name in made if os.environ.get(name)}


class Stack:
    """One project of docker-compose."""

    def __init__(self):
        self.project = f"bellwether-test-{os.getpid()}"
        self.env = settings()
        self.folder = Path(tempfile.mkdtemp(prefix="bellwether-containers-"))
        self.env_file = self.folder / "env"
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in self.env.items()))

    # ---- the engine ----

    def compose(self, *arguments: str, **more) -> str:
        head = ["docker", "compose", "--project-name", self.project, "--env-file", str(self.env_file)]
        return run(*head, "--project-directory", str(ROOT), *arguments, **more)

    def close(self):
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")
        shutil.rmtree(self.folder)

    def containers(self, service: str) -> list:
        """Ids of a service's containers, stopped ones too, in order of their numbers."""
        ids = self.compose("ps", "--all", "--quiet", service).split()
        return sorted(ids, key=lambda each: self.inspect(each)["Name"])

    def inspect(self, container: str) -> dict:
        return json.loads(run("docker", "inspect", container))[0]

    def name(self, container: str) -> str:
        return self.inspect(container)["Name"].removeprefix(f"/{self.project}-")

    def is_healthy(self, container: str) -> bool:
        state = self.inspect(container)["State"]
        return state["Running"] and state["Health"]["Status"] == "healthy"

    def address(self, container: str) -> str:
        networks = self.inspect(container)["NetworkSettings"]["Networks"]
        return networks[f"{self.project}_back"]["IPAddress"]

    def python(self, code: str, *arguments: str) -> str:
        """Runs Python within the compose network, beside aws_seed.py."""
        head = ["exec", "-T", "aws-seed", "python3", "-c", f"import sys; sys.path.insert(0, '/')\n{code}"]
        return self.compose(*head, *arguments)

    def cli(self, *arguments: str, **environment: str) -> str:
        given = [item for name, value in environment.items() for item in ("-e", f"{name}={value}")]
        return self.compose("run", "--rm", "-T", "--no-deps", *given, "cli", *arguments)

    # ---- what it stands on ----

    def sql(self, environment: str, query: str) -> list:
        """Rows of texts."""
        client = ["exec", "-T", "-e", f"MYSQL_PWD={self.env['MYSQL_PASSWORD']}", "mysql", "mysql"]
        where = ["-h", "127.0.0.1", "-u", "bellwether", "--batch", "--raw", "--skip-column-names"]
        out = self.compose(*client, *where, DATABASES[environment], "-e", query)
        return [line.split("\t") for line in out.splitlines()]

    def objects(self) -> dict:
        """The archive: every object's key and its records."""
        lines = self.python(READ_BUCKET).splitlines()
        return {key: records(base64.b64decode(data)) for key, data in map(json.loads, lines) if ".zst" in key}

    def mail(self) -> list:
        """The Message-ID of every email that Mailpit holds, without brackets."""
        url, ids = f"http://127.0.0.1:{self.env['MAILPIT_PORT']}/api/v1/messages", []
        while True:
            page = ask(f"{url}?limit=1000&start={len(ids)}")
            ids += [message["MessageID"] for message in page["messages"]]
            if not page["messages"] or len(ids) >= page["total"]:
                return ids

    # ---- Bellwether ----

    def api(self, environment: str, path: str) -> str:
        return f"http://127.0.0.1:{self.env[PORTS[environment]]}{path}"

    def predict(self, environment: str, body: dict) -> dict:
        token = self.env[f"{environment.upper()}_API_TOKEN"]
        return ask(self.api(environment, "/predict"), token, body)

    def config(self, environment: str) -> dict:
        secret = self.env[f"{environment.upper()}_JWT_SECRET"]
        now = int(time.time())
        token = aws_seed.jwt(secret, f"bellwether-{environment}", "test", "config", now)
        return ask(self.api(environment, "/config"), token)

    def metric(self, container: str, port: int, name: str) -> float:
        """The sum of a metric's samples; 0 where there is none yet."""
        code = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())"
        text = self.python(code, f"http://{self.address(container)}:{port}/metrics")
        samples = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
        return sum(float(value) for series, value in samples if series.split("{")[0] == name)


READ_BUCKET = """
import base64, json, os, re, urllib.parse
from seed import Aws
aws, bucket, more = Aws(os.environ), os.environ["ARCHIVE_BUCKET"], ""
while True:
    page = aws.call("GET", f"/{bucket}?list-type=2{more}", "s3", {}).decode()
    for key in re.findall("<Key>([^<]+)</Key>", page):
        data = aws.call("GET", f"/{bucket}/{urllib.parse.quote(key)}", "s3", {})
        print(json.dumps([key, base64.b64encode(data).decode()]))
    token = re.search("<NextContinuationToken>([^<]+)<", page)
    if not token:
        break
    more = "&continuation-token=" + urllib.parse.quote(token[1], safe="")
"""


def records(data: bytes) -> list:
    text = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    return [json.loads(line) for line in text.splitlines()]


def run(*command: str, check: bool = True, within: float = 3600) -> str:
    """What a command printed; fails with all it said where it ends with anything but 0."""
    environment = os.environ | {"DOCKER_BUILDKIT": "1"}
    how = {"env": environment, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run(command, timeout=within, **how)
    if check and done.returncode != 0:
        asked = " ".join(command[:12])
        raise AssertionError(f"{asked} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def ask(url: str, token: str = "", body: dict | None = None) -> dict:
    """Asks, and answers the JSON that comes back; raises what urllib raises."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=10) as answer:
        return json.load(answer)

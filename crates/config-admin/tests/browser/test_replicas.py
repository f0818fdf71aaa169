"""Three replicas of production, one of which has a broken model folder: nothing calls itself done before all three have
it, and the broken one goes on with its last good version."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from callers import Caller, live_document, passed, proposal, proposed, signed_in, staffed
from conftest import PROGRAMS, ROOT, Visitor, state, until

SPOILT = '{"format": 1, "uid": "spoilt"'


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Replica:
    """A `bellwether-api` of its own, on the database of a running system's production."""

    def __init__(self, system, folder, name: str, models=ROOT / "models"):
        self.name, self.models, self.folder, port = name, models, folder, free_port()
        self.address = f"http://127.0.0.1:{port}"
        folder.mkdir()
        settings = {
            "ENVIRONMENT": "prod",
            "REPLICA": name,
            "SERVER__BIND": f"127.0.0.1:{port}",
            "AUTH__MODE": "off",
            "MODELS__PATH": models,
            "DATABASE__URL": f"sqlite://{system.data / 'prod' / 'bellwether.sqlite'}",
            "REDIS__URL": "",
            "JOURNAL__PATH": folder / "journal.sqlite",
            "QUEUE__PATH": folder / "queue.sqlite",
            "CONFIG__POLL_SECONDS": 1,
            "REPLICAS__HEARTBEAT_SECONDS": 1,
            "LOG__LEVEL": "warn",
        }
        self.variables = {f"BELLWETHER__{key}": str(value) for key, value in settings.items()}
        self.log = open(folder / "log", "ab")
        self.start()

    def start(self) -> None:
        environment = {**os.environ, **self.variables}
        command = [PROGRAMS / "bellwether-api"]
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=self.log, stderr=self.log
        )
        until(self.answers, f"{self.name} to be ready: see {self.folder / 'log'}", seconds=60)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return answer.read().decode()

    def answers(self) -> bool:
        assert self.process.poll() is None, f"{self.name} has ended"
        try:
            self.get("/ready")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def predict(self, client: str = "100001") -> dict:
        body = json.dumps({"client_id": client, "xp_points": 18.2, "acquired_date": "2015-06-09"})
        request = urllib.request.Request(
            f"{self.address}/predict", body.encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


def manifest(replica: Replica, model: str):
    return replica.models / model / "manifest.json"


def spoil(replica: Replica, model: str) -> None:
    manifest(replica, model).write_text(SPOILT)


def mend(replica: Replica, model: str) -> None:
    shutil.copy2(ROOT / "models" / model / "manifest.json", manifest(replica, model))


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = staffed(
        tmp_path_factory.mktemp("replicas"),
        BELLWETHER__REPLICAS__HEARTBEAT_SECONDS="1",
        BELLWETHER__CONFIG__POLL_SECONDS="1",
    )
    yield system
    system.stop()


@pytest.fixture(scope="module")
def replicas(system, tmp_path_factory):
    """One that is whole, and one in whose folder a bundle is broken that what is live does not name."""
    folder = tmp_path_factory.mktemp("apis")
    shutil.copytree(ROOT / "models", folder / "models")
    whole = Replica(system, folder / "whole", "whole")
    (folder / "models" / the_other_model(system) / "manifest.json").write_text(SPOILT)
    broken = Replica(system, folder / "broken", "broken", models=folder / "models")
    yield whole, broken
    for replica in (whole, broken):
        replica.stop()


def told(system, replica: Replica) -> dict:
    with system.database() as database:
        row = database.execute(
            "SELECT version, bundles, refused FROM replicas WHERE replica = ? AND environment = 'prod'",
            (replica.name,),
        ).fetchone()
    version, bundles, refused = row or (None, "{}", None)
    return {
        "version": version,
        "bundles": json.loads(bundles),
        "refused": json.loads(refused) if refused else None,
    }


def beats(system, replica: Replica) -> str:
    with system.database() as database:
        return database.execute("SELECT at FROM replicas WHERE replica = ?", (replica.name,)).fetchone()[0]


def the_other_model(system) -> str:
    """A bundle that what is live does not name."""
    document = json.loads(live_document(system))
    named = {arm["model"] for arm in document["arms"]}
    return next(folder.name for folder in sorted((ROOT / "models").iterdir()) if folder.name not in named)


@pytest.fixture
def open_page(chromium, system):
    visitors = []

    def open_for(name: str, path: str):
        visitor = Visitor(chromium, system, name)
        visitors.append(visitor)
        page = visitor.log_in()
        page.goto(path)
        return page

    yield open_for
    for visitor in visitors:
        visitor.close()


def promote(page) -> None:
    page.get_by_label("Watch it for, in minutes").fill("0")
    page.get_by_role("button", name="Promote", exact=True).click()


def test_two_of_three_is_not_done_and_the_third_goes_on_with_what_was_good(system, replicas, open_page):
    whole, broken = replicas
    model, before = the_other_model(system), system.live()

    # Broken before the promotion: there is none, and the page says who lacks what.
    until(
        lambda: told(system, broken)["version"] == before,
        "the third to report: it needs the other model only",
    )
    assert model not in told(system, broken)["bundles"]
    edith = signed_in(system, "edith")
    number = proposed(edith, "The other model", arms=[{"model": model, "percentage": 100}])
    passed(edith, number)
    page = open_page("paul", f"/proposals/{number}")
    promote(page)
    expect(page.get_by_role("alert")).to_contain_text("production cannot take it up")
    expect(page.get_by_role("alert")).to_contain_text(f"replica broken has not loaded model {model}")
    assert "whole" not in page.get_by_role("alert").inner_text()
    assert proposal(system, number)[0] == "passed" and system.live() == before
    # Neither does the way past staging lead there.
    admin = signed_in(system, "admin", system.admin_password)
    fields = {"revision": proposal(system, number)[1], "why": "In a hurry", "bake_minutes": "0"}
    answer = admin.post(f"/proposals/{number}/promote-past-staging", fields)
    assert answer.status == 409 and f"replica broken has not loaded model {model}" in answer.alert
    assert system.live() == before

    # Mended, and broken again as it is started anew, just after a promotion that it was fit for.
    mend(broken, model)
    until(lambda: model in told(system, broken)["bundles"], "the third to notice")
    page.goto(f"/proposals/{number}")
    broken.kill()
    promote(page)
    state(page, "rolling_out", timeout=15_000)
    spoil(broken, model)
    broken.start()
    until(lambda: told(system, broken)["refused"], "the third to refuse it")
    assert told(system, broken)["refused"]["version"] == before + 1

    # The page says so by itself: how many, who not, and why.
    row = page.get_by_role("row", name=re.compile("^broken"))
    expect(row).to_contain_text("refuses it")
    expect(row).to_contain_text(model)
    hindrance = page.locator(".notice", has_text="Not done yet")
    expect(hindrance).to_contain_text(f"replica broken refuses version {before + 1}")
    expect(hindrance).to_contain_text("manifest.json")
    expect(page.locator("#h-rollout")).to_contain_text("2/3 synced")
    page.goto("/")
    production = page.get_by_role("region", name="Production")
    expect(production).to_contain_text("2/3 synced")
    expect(production.get_by_role("row", name=re.compile("^broken"))).to_contain_text("refuses it")

    # It stays so for as long as it is so: many looks of the console later it is not done.
    heard = set()
    until(lambda: heard.add(beats(system, broken)) or len(heard) > 5, "more reports of the third", seconds=30)
    assert proposal(system, number)[0] == "rolling_out"
    with system.database() as database:
        done = database.execute(
            "SELECT count(*) FROM audit_log WHERE action IN ('proposal.done', 'proposal.synced') AND subject = ?",
            (f"proposal {number}",),
        ).fetchone()
    assert done == (0,)

    # Whoever asks the broken one gets the last good version; the others have the new one.
    until(lambda: system.predict()["config_version"] == before + 1, "the first to answer with it")
    until(lambda: whole.predict()["config_version"] == before + 1, "the second to answer with it")
    answer = broken.predict()
    assert answer["config_version"] == before
    assert answer["high_risk"] in ("yes", "no")
    assert broken.answers(), "it is ready all the same"
    config = json.loads(broken.get("/config"))
    assert model in json.dumps(config)
    assert f'bellwether_config_refused_version{{environment="prod"}} {before + 1}' in broken.get("/metrics")

    # Mended, it takes it up, and only then is it done.
    page.goto(f"/proposals/{number}")
    mend(broken, model)
    expect(page.locator("#h-rollout")).to_contain_text("3/3 synced", timeout=30_000)
    state(page, "done")
    assert broken.predict()["config_version"] == before + 1
    assert told(system, broken)["refused"] is None


def test_a_replica_with_another_bundle_of_the_same_name_keeps_a_change_from_production(
    system, replicas, open_page
):
    """What staging tested is what production must have: the very bytes, not the name."""
    _, broken = replicas
    model = the_other_model(system)
    until(lambda: model in told(system, broken)["bundles"], "the third to report its bundles")
    was = told(system, broken)["bundles"][model]
    broken.stop()
    text = manifest(broken, model).read_text()
    name = re.search(r'"name": "([^"]+)"', text).group(1)
    manifest(broken, model).write_text(text.replace(name, f"{name}, tampered with", 1))
    broken.start()
    until(
        lambda: told(system, broken)["bundles"].get(model) not in (was, None), "the third to report another"
    )
    edith, before = signed_in(system, "edith"), system.live()
    number = proposed(edith, "Tampered with", arms=[{"model": model, "percentage": 100}])
    passed(edith, number)
    page = open_page("paul", f"/proposals/{number}")
    promote(page)
    expect(page.get_by_role("alert")).to_contain_text(f"replica broken has loaded another bundle as {model}")
    assert proposal(system, number)[0] == "passed" and system.live() == before
    # What is loaded stays loaded until the next start.
    broken.stop()
    mend(broken, model)
    broken.start()
    until(lambda: told(system, broken)["bundles"].get(model) == was, "the third to report the right one")


def test_a_replica_that_died_is_silent_and_keeps_a_rollout_open(system, replicas, tmp_path, open_page):
    whole, _ = replicas
    third = Replica(system, tmp_path / "third", "mayfly")
    edith = signed_in(system, "edith")
    number = proposed(edith, "While one dies")
    passed(edith, number)
    until(lambda: told(system, third)["version"] == system.live(), "it to report")
    page = open_page("paul", f"/proposals/{number}")
    third.kill()
    promote(page)
    # It was heard of a moment ago: the promotion goes out, and waits for it.
    state(page, "rolling_out", timeout=15_000)
    expect(page.locator("#h-rollout")).to_contain_text("/4 synced")
    expect(page.get_by_role("row", name=re.compile("^mayfly"))).to_contain_text("silent")
    expect(page.locator(".notice", has_text="Not done yet")).to_contain_text(
        "replica mayfly was last heard of"
    )
    until(lambda: whole.predict()["config_version"] == system.live(), "the others to take it up")
    assert proposal(system, number)[0] == "rolling_out"
    assert Caller(system).get("/health").status == 200
    with system.database() as database:
        database.execute("DELETE FROM replicas WHERE replica = 'mayfly'")
    state(page, "done", timeout=30_000)

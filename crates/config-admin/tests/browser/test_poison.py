"""A poisoned document, written straight into the table: nobody serves it, everybody says so, and the console leads out
of it."""

import hashlib
import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from callers import at_rest, fresh_cutoff, live_document, passed, proposal, proposed, signed_in, staffed
from conftest import Visitor, promote, propose, state, until


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = staffed(
        tmp_path_factory.mktemp("poison"),
        BELLWETHER__REPLICAS__HEARTBEAT_SECONDS="1",
        BELLWETHER__CONFIG__POLL_SECONDS="1",
    )
    yield system
    system.stop()


@pytest.fixture
def open_page(chromium, system):
    visitors = []

    def open_for(name: str):
        visitor = Visitor(chromium, system, name)
        visitors.append(visitor)
        return visitor.log_in()

    yield open_for
    for visitor in visitors:
        visitor.close()


def unknown_key(document: dict) -> str:
    return json.dumps({**document, "proba_cutof": 0.5})


def cutoff_of_seven(document: dict) -> str:
    return json.dumps({**document, "proba_cutoff": 7})


def arms_of_ninety(document: dict) -> str:
    arms = document["arms"]
    return json.dumps({**document, "arms": [{**arms[0], "percentage": 90}]})


def no_json(_: dict) -> str:
    return "proba_cutoff: 0.5"


def several_at_once(document: dict) -> str:
    return json.dumps({**document, "proba_cutoff": 7, "recent_window_seconds": 0, "experiment_salt": ""})


def another_hash(document: dict) -> str:
    return json.dumps({**document, "proba_cutoff": 0.5})


# What is poisoned, and what every place that tells of it must name.
POISONS = [
    (unknown_key, ["proba_cutof"]),
    (cutoff_of_seven, ["proba_cutoff", "0.09 to 0.99", "7"]),
    (arms_of_ninety, ["arms", "sum to 100", "90"]),
    (no_json, ["document"]),
    (several_at_once, ["proba_cutoff", "recent_window_seconds", "experiment_salt"]),
    (another_hash, ["sha256"]),
]


def good_document(system) -> dict:
    with system.database() as database:
        return json.loads(
            database.execute("SELECT document FROM config_version WHERE version = 1").fetchone()[0]
        )


def poison(system, document: str, wrong_hash: bool = False) -> int:
    """Appends a version as somebody with the database's password can; its hash is right unless told otherwise."""
    sha256 = "0" * 64 if wrong_hash else hashlib.sha256(document.encode()).hexdigest()
    with system.database() as database:
        database.execute(
            "INSERT INTO config_version (environment, version, parent, document, sha256, author, reason, created_at) "
            "SELECT 'prod', max(version) + 1, max(version), ?, ?, 'mallory', 'By hand', '2026-11-30T00:00:00+00:00' "
            "FROM config_version",
            (document, sha256),
        )
    return system.live()


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def config(system) -> dict:
    return json.loads(get(f"{system.api}/config"))


def metric(system, name: str) -> float:
    found = re.search(rf'^{name}{{environment="prod"}} (\S+)$', get(f"{system.api}/metrics"), re.M)
    assert found, f"{name} is not told"
    return float(found.group(1))


def proposed_anew(caller) -> int:
    """A proposal that takes nothing from what is live, which may be no document."""
    document = json.dumps({**good_document(caller.system), "proba_cutoff": fresh_cutoff()})
    base = caller.system.live()
    fields = {"mode": "json", "document": document, "base": base, "reason": "Out of the poison"}
    answer = caller.post("/propose", fields)
    assert answer.status == 303, answer.alert
    return int(re.match(r"/proposals/(\d+)", answer.location).group(1))


@pytest.fixture(autouse=True)
def good(system) -> int:
    """The version that is live and good as a test begins: promoted by the console, after a trial that it passed."""
    edith, paul = signed_in(system, "edith"), signed_in(system, "paul")
    admin = signed_in(system, "admin", system.admin_password)
    if config(system).get("refused"):
        number = proposed_anew(edith)
        fields = {"revision": 1, "why": "After the last test", "bake_minutes": "0"}
        assert admin.post(f"/proposals/{number}/promote-past-staging", fields).status == 303
        at_rest(system)
        until(lambda: config(system).get("refused") is None, "what the last test left behind to be gone")
    number = proposed(edith)
    passed(edith, number)
    fields = {"revision": proposal(system, number)[1], "bake_minutes": "0"}
    assert paul.post(f"/proposals/{number}/promote", fields).status == 303
    at_rest(system)
    assert proposal(system, number)[0] == "done"
    return served(system)


def poisoned(system, make, good: int) -> int:
    version = poison(system, make(good_document(system)), wrong_hash=make is another_hash)
    until(lambda: (config(system).get("refused") or {}).get("version") == version, "the api to refuse it")
    assert system.predict()["config_version"] == good
    return version


def served(system) -> int:
    return system.predict()["config_version"]


def logged(system) -> int:
    with system.database() as database:
        return database.execute("SELECT count(*) FROM model_logs").fetchone()[0]


@pytest.mark.parametrize(("make", "named"), POISONS, ids=[make.__name__ for make, _ in POISONS])
def test_a_poisoned_version_is_refused_told_everywhere_and_left_from_the_console(
    system, open_page, good, make, named
):
    refusals = metric(system, "bellwether_config_refused_total")
    version = poisoned(system, make, good)

    # On the replica's own /config, in its metrics, and in every answer.
    told = config(system)
    reasons = "\n".join(told["refused"]["reasons"])
    for word in named:
        assert word in reasons
    assert metric(system, "bellwether_config_refused_version") == version
    assert metric(system, "bellwether_config_version") == good
    assert metric(system, "bellwether_config_refused_total") == refusals + 1
    assert {system.predict(str(client))["config_version"] for client in range(100_001, 100_011)} == {good}
    assert get(f"{system.api}/ready")

    # On the pages: the overview, the history and the version's own.
    page = open_page("paul")
    production = page.get_by_role("region", name="Production")
    expect(production).to_contain_text(f"Version {version}")
    expect(production).to_contain_text("0/1 synced")
    notice = production.locator(
        ".notice", has_text="This version cannot be used; replicas keep the last good one"
    )
    replica = production.get_by_role("row", name=re.compile("refuses it"))
    for word in named:
        expect(notice).to_contain_text(word)
        expect(replica).to_contain_text(word)
    expect(replica.get_by_role("cell", name=str(good), exact=True)).to_be_visible()
    page.goto("/history")
    row = page.get_by_role("row", name=re.compile(f"^Version {version} "))
    expect(row).to_contain_text("cannot be used")
    expect(row).to_contain_text("written past the console")
    expect(row).to_contain_text("mallory")
    row.get_by_role("link").click()
    faults = page.locator(".notice", has_text="This version cannot be used: every replica refuses it")
    for word in named:
        expect(faults).to_contain_text(word)
    expect(page.get_by_role("button", name=re.compile("Revert"))).to_have_count(0)

    # Out of it again: back to what was good.
    page.goto(f"/history/prod/{good}")
    page.get_by_role("button", name=re.compile("Revert to version")).click()
    expect(page.get_by_text("Brings back")).to_be_visible()
    # That very document has passed staging before.
    state(page, "passed", timeout=15_000)
    promote(page)
    state(page, "done")
    until(lambda: served(system) == version + 1, "the good document to be live again")
    until(lambda: config(system).get("refused") is None, "the refusal to end")
    assert metric(system, "bellwether_config_refused_version") == 0
    assert system.live() == version + 1
    with system.database() as database:
        parent, document = database.execute(
            "SELECT parent, document FROM config_version WHERE version = ?", (version + 1,)
        ).fetchone()
        (restored,) = database.execute(
            "SELECT document FROM config_version WHERE version = ?", (good,)
        ).fetchone()
    assert parent == version, "the poisoned version stays in the line"
    assert json.loads(document) == json.loads(restored)


def test_a_change_is_proposed_tried_and_promoted_from_a_poisoned_version(system, open_page, good):
    until(lambda: logged(system) > 0, "a prediction in the log")
    version = poisoned(system, cutoff_of_seven, good)
    page = open_page("paul")
    number = propose(page, "0.71", "Out of the poison")
    page.get_by_role("button", name=re.compile("Try it in staging")).click()
    at_rest(system)
    assert proposal(system, number)[0] == "passed"
    page.reload()
    promote(page)
    state(page, "done")
    until(lambda: served(system) == version + 1, "the proposal to be live")
    assert json.loads(live_document(system))["proba_cutoff"] == 0.71


def test_an_admin_leads_out_of_a_poisoned_version_past_staging(system, good):
    version = poisoned(system, no_json, good)
    edith, admin = signed_in(system, "edith"), signed_in(system, "admin", system.admin_password)
    # What is live is no document: the form begins from one of its own, and whoever proposes is told so by the version.
    form = edith.get("/propose")
    assert form.status == 200 and f"version {version}" in form.text
    number = proposed_anew(edith)
    why = {"revision": 1, "why": "It cannot wait", "bake_minutes": "0"}
    assert admin.post(f"/proposals/{number}/promote-past-staging", why).status == 303
    at_rest(system)
    assert proposal(system, number)[0] == "done"
    until(lambda: served(system) == version + 1, "it to be live")


def test_what_was_tried_before_the_poison_is_not_promoted_over_it_unseen(system, good):
    """Production is not what the proposer saw, poisoned or not."""
    edith, paul = signed_in(system, "edith"), signed_in(system, "paul")
    number = proposed(edith)
    passed(edith, number)
    version = poisoned(system, arms_of_ninety, good)
    fields = {"revision": proposal(system, number)[1], "bake_minutes": "0"}
    answer = paul.post(f"/proposals/{number}/promote", fields)
    assert answer.status == 409 and f"version {version} is live now" in answer.alert
    assert system.live() == version and served(system) == good
    # A poisoned version cannot be brought back.
    answer = paul.post(f"/history/prod/{version}/revert", {"reason": "Back to the poison"})
    assert answer.status == 409 and "no config that could be live" in answer.alert


def test_a_bake_that_began_before_the_poison_goes_on(system):
    """A rollout amid which the table is poisoned is watched on: its version is what replicas go on serving."""
    edith, paul = signed_in(system, "edith"), signed_in(system, "paul")
    number = proposed(edith)
    passed(edith, number)
    revision = proposal(system, number)[1]
    assert (
        paul.post(f"/proposals/{number}/promote", {"revision": revision, "bake_minutes": "10"}).status == 303
    )
    good = system.live()
    until(lambda: served(system) == good, "the promotion to be live")
    version = poisoned(system, no_json, good)
    until(lambda: "refuses it" in paul.get("/").text, "the replica to refuse the poison")
    assert proposal(system, number)[0] == "rolling_out"
    assert served(system) == good
    assert system.live() == version

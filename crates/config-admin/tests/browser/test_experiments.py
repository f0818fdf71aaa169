"""Experiments and drift, of a simulated world: shown on pages, as JSON and on the command line."""

import json
import re
import subprocess
import urllib.request
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from callers import signed_in, staffed
from conftest import PROGRAMS, ROOT, until
from simulated import ARMS, SALT, simulate

EXPERIMENT = f"/experiments/prod/{quote(SALT, safe='')}"
# Reading and measuring take their time in a debug build.
REPORT_MS = 90_000


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = staffed(tmp_path_factory.mktemp("experiments"))
    with system.database() as database:
        simulate(database, clients=4_000, days=60)
    yield system
    system.stop()


@pytest.fixture(scope="module")
def measured(system):
    """Waits until yesterday is measured, for every arm."""
    def days():
        with system.database() as database:
            query = "SELECT count(DISTINCT model) FROM drift_days WHERE json_extract(document, '$.day.complete')"
            (models,) = database.execute(query).fetchone()
        return models == len(ARMS)

    until(days, "drift to be measured", seconds=120)


def shown(page):
    page.goto("/experiments")
    page.get_by_role("link", name=SALT).click()
    expect(page.get_by_role("heading", name="Churn by treatment")).to_be_visible(timeout=REPORT_MS)


def test_a_report_is_made_in_the_background_and_shows_what_the_experiment_found(system, visit):
    page = visit("vera")
    shown(page)
    churn = page.get_by_role("region", name="Churn by treatment")
    for treatment in ["holdout", "heuristic", "model", *(model for model, _ in ARMS)]:
        expect(churn.get_by_role("row", name=re.compile(f"^{treatment}"))).to_be_visible()
    expect(page.get_by_role("heading", name="Sample ratio")).to_contain_text("as drawn")
    expect(page.get_by_role("region", name="Differences in churn")).to_contain_text("model less holdout")
    models = page.get_by_role("region", name="Models, on everyone compared")
    expect(models.get_by_role("row", name=re.compile("heuristic"))).to_be_visible()
    expect(page.get_by_role("region", name="Value a client")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("costs 2, keeps 0.2 of the LTV")
    page.get_by_role("link", name="Take silence for having stayed").click()
    expect(page.get_by_role("main")).to_contain_text("means that they stayed", timeout=REPORT_MS)


def test_the_report_is_there_as_json_for_tokens(system):
    actor = signed_in(system, "vera")
    answer = actor.post("/account/tokens", {"name": "reports", "role": "viewer", "days": "1"})
    token = re.search(r"bwc_[\w-]+", answer.text).group(0)

    def asked(path: str) -> tuple[int, dict]:
        request = urllib.request.Request(system.console + path, headers={"authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as got:
            return got.status, json.load(got)

    _, listed = asked("/api/experiments/prod")
    assert [one["salt"] for one in listed["experiments"]] == [SALT, "bellwether"]
    path = f"/api{EXPERIMENT}"
    until(lambda: asked(path)[0] == 200, "the report", seconds=90)
    report = asked(path)[1]["report"]
    assert report["clients"] == 4_000 and report["window_days"] == 30
    assert not report["sample_ratio"]["mismatch"]
    _, drift = asked("/api/drift/prod?days=2")
    assert [model["model"] for model in drift["models"]] == [model for model, _ in ARMS]


def test_drift_is_shown_by_day_with_what_is_above_its_limit(system, visit, measured):
    page = visit("vera")
    page.goto("/drift")
    above = page.locator(".notice.bad")
    for input in ["xp_points", "device_type", "average_stars"]:
        expect(above).to_contain_text(input)
    for input in ["propensity_score", "user_group"]:
        expect(above).not_to_contain_text(input)
    row = page.get_by_role("table", name="The score and every input").get_by_role("row", name=re.compile("device_type"))
    expect(row).to_contain_text("2 levels")
    expect(page.get_by_role("img", name="Population stability index by day of xp_points")).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text("glasses")
    steady = (datetime.now(timezone.utc) - timedelta(days=4)).strftime("%Y-%m-%d")
    page.get_by_role("link", name=steady).click()
    expect(page.get_by_role("heading", level=2, name=steady)).to_contain_text("within limits")
    page.get_by_role("link", name=ARMS[1][0]).click()
    expect(page.get_by_role("main")).to_contain_text(f"that {ARMS[1][0]} scored")


def test_the_command_line_measures_the_same_day(system, measured):
    day = (datetime.now(timezone.utc) - timedelta(days=2)).strftime("%Y-%m-%d")
    command = [PROGRAMS / "bellwether", "drift", "report", "--data-dir", system.data, "--day", day, "--json"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)
    assert [one["model"] for one in told] == [model for model, _ in ARMS]
    with system.database() as database:
        query = "SELECT document FROM drift_days WHERE day = ? AND model = ?"
        (document,) = database.execute(query, (day, ARMS[0][0])).fetchone()
    kept = json.loads(document)["day"]
    assert kept == {name: value for name, value in told[0].items() if name != "exceeded"}
    assert "xp_points" in {above["feature"] for above in told[0]["exceeded"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/experiments", EXPERIMENT, "/drift"])
def test_the_pages_have_no_violations_of_accessibility(system, visit, axe, measured, path, scheme):
    page = visit("vera", color_scheme=scheme)
    page.goto(path)
    if path == EXPERIMENT:
        expect(page.get_by_role("heading", name="Churn by treatment")).to_be_visible(timeout=REPORT_MS)
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("path", [EXPERIMENT, "/drift"])
def test_the_pages_are_whole_without_script_and_on_a_narrow_screen(system, visit, measured, path):
    page = visit("vera", java_script_enabled=False, viewport={"width": 360, "height": 740})
    page.goto(path)
    if path == EXPERIMENT:
        # Without script the page renews itself while the report is made.
        expect(page.get_by_role("heading", name="Churn by treatment")).to_be_visible(timeout=REPORT_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{path} is wider than the screen"


def test_what_is_not_there_is_told_and_nothing_that_was_sent_is_shown(system):
    actor = signed_in(system, "vera")
    hostile = quote("<script>alert(1)</script>", safe="")
    assert actor.get(f"/experiments/prod/{hostile}").status == 404
    assert actor.get("/experiments/local/bellwether").status == 404
    answer = actor.get(f"/drift?model={hostile}&day={hostile}&environment={hostile}")
    assert answer.status == 200 and "<script>alert" not in answer.text

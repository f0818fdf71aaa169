"""One change on its way: proposed, tried in staging, promoted, seen by every replica, and taken back."""

import re
import time

from playwright.sync_api import expect

from conftest import promote, propose, state, try_in_staging, until


def test_a_cutoff_is_proposed_tried_promoted_and_answered_with_within_a_second(system, visit):
    for client in range(100_001, 100_031):
        system.predict(str(client))
    until(lambda: logged(system) >= 30, "the predictions in the log")
    before = system.live()
    page = visit("edith")
    proposal = propose(page, "0.70", "Too many false alarms")
    expect(page.get_by_role("row", name=re.compile("proba_cutoff"))).to_contain_text("0.7")
    try_in_staging(page)

    report = page.locator("#trial")
    for check in ["Every replica of staging", "Golden payloads", "cutoff", "1,000,000 ids", "live request", "Recent inputs"]:
        expect(report.locator("ul.checks > li", has_text=check).first).to_contain_text("passed")
    expect(report.get_by_role("img")).to_be_visible()
    expect(report).to_contain_text("30 clients")
    expect(page.get_by_text("An approver can promote it")).to_be_visible()
    expect(page.get_by_role("button", name="Promote", exact=True)).to_have_count(0)

    page = visit("paul")
    page.goto(f"/proposals/{proposal}")
    promote(page)
    promoted = time.monotonic()
    answer = until(lambda: (got := system.predict())["config_version"] == before + 1 and got, "the new version")
    assert time.monotonic() - promoted < 1, "a promotion takes effect within a second"
    assert answer["config_version"] == before + 1
    expect(page.locator("#state").get_by_text("1/1 synced")).to_be_visible()
    state(page, "done")

    page.goto("/")
    production = page.get_by_role("region", name="Production")
    expect(production).to_contain_text(f"Version {before + 1}")
    expect(production).to_contain_text("1/1 synced")
    expect(production).to_contain_text("0.7")


def test_what_production_is_judged_by_is_typed_into_the_form_and_told_by_its_path(visit):
    page = visit("edith")
    page.goto("/propose")
    page.get_by_label("Population stability index").fill("0,3")
    page.get_by_label("Outcome window in days").fill("a month")
    page.get_by_label("Cost of a contact").fill("2")
    page.get_by_label("Reason").fill("Told of drift earlier")
    page.get_by_role("button", name="Save the proposal").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("outcome_window_days: expected a whole number")
    alert.get_by_role("link", name="contact_value.kept_share").click()
    kept = page.get_by_label("Share of the lifetime value kept")
    expect(kept).to_be_focused()
    expect(page.get_by_label("Population stability index")).to_have_value("0,3")
    kept.fill("0.2")
    page.get_by_label("Outcome window in days").fill("")
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.get_by_role("row", name=re.compile(r"drift\.psi"))).to_contain_text("0.3")
    expect(page.get_by_role("row", name=re.compile(r"drift\.minimum_rows"))).to_contain_text("1000")
    expect(page.get_by_role("row", name=re.compile(r"contact_value\.kept_share"))).to_contain_text("0.2")
    expect(page.get_by_role("row", name=re.compile("outcome_window_days"))).to_have_count(0)


def test_a_version_is_reverted_with_one_click_and_skips_staging_since_it_passed_there(system, visit):
    page = visit("edith")
    ids = [propose(page, cutoff, f"Cutoff {cutoff} for the revert") for cutoff in ["0.71"]]
    try_in_staging(page)
    approver = visit("paul")
    approver.goto(f"/proposals/{ids[0]}")
    promote(approver)
    state(approver, "done")
    passed = system.live()
    propose(page, "0.72", "Cutoff 0.72 for the revert")
    try_in_staging(page)
    approver.goto(page.url)
    promote(approver)
    state(approver, "done")

    approver.goto(f"/history/prod/{passed}")
    approver.get_by_role("button", name=re.compile("Revert to version")).click()
    expect(approver.get_by_text(f"Brings back")).to_be_visible()
    state(approver, "passed")
    promote(approver)
    state(approver, "done")
    approver.goto("/history")
    newest = approver.locator("tbody tr").first
    expect(newest).to_contain_text("revert")
    expect(newest).to_contain_text("0.71")


def test_a_change_that_cannot_be_is_refused_beside_its_fields_and_nothing_typed_is_lost(visit):
    page = visit("edith")
    page.goto("/propose")
    page.get_by_label("Cutoff", exact=True).fill("7")
    page.get_by_label("Percent", exact=True).first.fill("90")
    page.get_by_label("Holdout, in percent").fill("a tenth")
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.get_by_role("alert")).to_contain_text("holdout_percentage")
    page.get_by_label("Holdout, in percent").fill("10")
    page.get_by_role("button", name="Save the proposal").click()
    alert = page.get_by_role("alert")
    for field in ["proba_cutoff", "arms", "reason"]:
        expect(alert).to_contain_text(field)
    expect(page.locator("#error-proba_cutoff")).to_contain_text("0.09 to 0.99")
    expect(page.get_by_label("Cutoff", exact=True)).to_have_value("7")
    expect(page.get_by_label("Cutoff", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Percent", exact=True).first).to_have_value("90")


def test_the_sum_of_the_arms_is_told_as_one_types(visit):
    page = visit("edith")
    page.goto("/propose")
    page.get_by_role("button", name="Add a model").click()
    page.get_by_label("Percent", exact=True).first.fill("66.67")
    expect(page.locator("#arms-sum")).to_have_text("The shares sum to 66.67 %: 33.33 % are missing.")
    page.get_by_label("Percent", exact=True).nth(1).fill("33.33")
    expect(page.locator("#arms-sum")).to_have_text("The shares sum to 100 %.")


def test_moving_clients_to_another_model_is_asked_about_with_the_share_that_moves(visit):
    page = visit("edith")
    page.goto("/propose")
    page.get_by_role("button", name="Add a model").click()
    page.get_by_label("Percent", exact=True).first.fill("80")
    page.get_by_label("Percent", exact=True).nth(1).fill("20")
    page.get_by_label("Reason").fill("A fifth for the challenger")
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.get_by_role("alert")).to_contain_text("20.0 %")
    page.get_by_label(re.compile("Yes, 20.0 %")).check()
    # Another document than the one that was asked about is asked about again.
    page.get_by_label("Salt").fill("another-salt")
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.get_by_role("alert")).to_contain_text("draws everybody anew")
    page.get_by_label("Salt").fill("bellwether")
    page.get_by_role("button", name="Save the proposal").click()
    page.get_by_label(re.compile("Yes, 20.0 %")).check()
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Proposal ")


def test_a_revert_that_moves_clients_is_asked_about_with_the_share_that_moves(system, visit):
    page = visit("edith")
    before = system.live()
    page.goto("/propose")
    page.get_by_label("Holdout, in percent").fill("10")
    page.get_by_label("Reason").fill("A holdout for the revert")
    page.get_by_role("button", name="Save the proposal").click()
    page.get_by_label(re.compile("Yes, 10.0 %")).check()
    page.get_by_role("button", name="Save the proposal").click()
    try_in_staging(page)
    approver = visit("paul")
    approver.goto(page.url)
    promote(approver)
    state(approver, "done")

    approver.goto(f"/history/prod/{before}")
    approver.get_by_label("Reason").fill("The holdout is over")
    revert = approver.get_by_role("button", name=re.compile("Revert to version"))
    revert.click()
    expect(approver.get_by_role("alert")).to_contain_text("10.0 %")
    expect(approver.get_by_label("Reason")).to_have_value("The holdout is over")
    revert.click()
    expect(approver.get_by_role("alert")).to_contain_text("10.0 %")
    approver.get_by_label(re.compile("Yes, 10.0 %")).check()
    revert.click()
    expect(approver.get_by_text(f"version {before}", exact=True)).to_be_visible()
    approver.get_by_role("button", name=re.compile("Try it in staging|Promote")).first.wait_for()
    if approver.locator("#proposal-state").get_attribute("data-state") != "passed":
        try_in_staging(approver)
    promote(approver)
    state(approver, "done")


def test_a_document_can_be_typed_as_json_and_carried_back_to_the_form(visit):
    page = visit("edith")
    page.goto("/propose")
    page.get_by_label("Cutoff", exact=True).fill("0.44")
    page.get_by_role("button", name="Edit as JSON").click()
    json = page.get_by_label("Document")
    expect(json).to_have_value(re.compile('"proba_cutoff": 0.44'))
    json.fill(json.input_value().replace("0.44", "0.45").replace('"shadow"', '"shadows"'))
    page.get_by_label("Reason").fill("By hand")
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.locator("#error-document")).to_contain_text("shadows")
    json.fill(json.input_value().replace('"shadows"', '"shadow"'))
    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Cutoff", exact=True)).to_have_value("0.45")
    expect(page.get_by_label("Reason")).to_have_value("By hand")


def test_a_golden_payload_that_is_answered_otherwise_keeps_a_change_from_passing(system, visit):
    page = visit("edith")
    page.goto("/payloads")
    page.get_by_label("Name").fill("a loyal client")
    page.get_by_label("Body of POST /predict").fill('{"xp_points": 18.2, "acquired_date": "2015-06-09"}')
    risk = system.predict(client="golden")["high_risk"]
    page.get_by_label("High risk has to be").select_option("no" if risk == "yes" else "yes")
    page.get_by_role("button", name="Save the payload").click()
    expect(page.get_by_role("region", name="Payload a loyal client")).to_be_visible()
    propose(page, str(cutoff_like(system)), "With a payload that cannot be met")
    page.get_by_role("button", name=re.compile("Try it in staging")).click()
    state(page, "failed")
    expect(page.locator("#trial")).to_contain_text("a loyal client")
    expect(page.get_by_role("button", name="Promote", exact=True)).to_have_count(0)
    page.goto("/payloads")
    page.get_by_role("button", name="Remove payload a loyal client").click()
    expect(page.get_by_text("There are none yet")).to_be_visible()


def test_minutes_that_are_none_are_refused_on_the_page_and_promote_nothing(system, visit):
    page = visit("edith")
    proposal = propose(page, "0.73", "With odd minutes")
    try_in_staging(page)
    before = system.live()
    approver = visit("paul")
    for minutes in ["-10", "100000"]:
        approver.goto(f"/proposals/{proposal}")
        approver.locator("#promote form").evaluate("(form) => { form.noValidate = true; }")
        promote(approver, minutes)
        expect(approver.get_by_role("alert")).to_contain_text("bake_minutes")
        expect(approver.get_by_label("Watch it for, in minutes")).to_have_value(minutes)
    assert system.live() == before


def logged(system) -> int:
    with system.database() as database:
        return database.execute("SELECT count(*) FROM model_logs").fetchone()[0]


def cutoff_like(system) -> float:
    """A cutoff near the live one, so that the payload's answer stays as it is."""
    import json

    with system.database() as database:
        (document,) = database.execute("SELECT document FROM config_version ORDER BY version DESC LIMIT 1").fetchone()
    return round(json.loads(document)["proba_cutoff"] + 0.001, 3)

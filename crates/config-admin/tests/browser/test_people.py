"""People: two at once, sessions that end in the midst of a form, and what each role sees."""

import re

from playwright.sync_api import expect

from conftest import promote, propose, state, try_in_staging


def test_two_people_edit_at_once_and_the_second_sees_what_the_first_did(system, visit):
    first, second = visit("edith"), visit("edgar")
    proposal = propose(first, "0.61", "Two at once")
    second.goto(f"/proposals/{proposal}/edit")
    first.goto(f"/proposals/{proposal}/edit")
    first.get_by_label("Cutoff", exact=True).fill("0.62")
    first.get_by_role("button", name="Save the proposal").click()
    expect(first.get_by_role("heading", level=1)).to_contain_text("Proposal ")
    second.get_by_label("Cutoff", exact=True).fill("0.63")
    second.get_by_role("button", name="Save the proposal").click()
    expect(second.get_by_role("alert")).to_contain_text("Somebody else has saved this proposal")
    row = second.get_by_role("row", name=re.compile("proba_cutoff"))
    expect(row).to_contain_text("0.62")
    expect(second.get_by_label("Cutoff", exact=True)).to_have_value("0.63")
    second.get_by_role("button", name="Save the proposal").click()
    expect(second.get_by_role("row", name=re.compile("proba_cutoff"))).to_contain_text("0.63")


def test_a_proposal_made_from_an_older_version_is_shown_three_ways_and_kept(system, visit):
    late, quick = visit("edith"), visit("edgar")
    late.goto("/propose")
    late.get_by_label("Cutoff", exact=True).fill("0.58")
    late.get_by_label("Reason").fill("Typed slowly")
    proposal = propose(quick, "0.57", "Quicker")
    try_in_staging(quick)
    approver = visit("paul")
    approver.goto(f"/proposals/{proposal}")
    promote(approver)
    state(approver, "done")
    late.get_by_role("button", name="Save the proposal").click()
    expect(late.get_by_text("Production has moved on")).to_be_visible()
    row = late.get_by_role("row", name=re.compile("proba_cutoff"))
    expect(row).to_contain_text("0.57")
    expect(row).to_contain_text("0.58")
    expect(row).to_contain_text("clash")
    expect(late.get_by_label("Cutoff", exact=True)).to_have_value("0.58")
    expect(late.get_by_label("Reason")).to_have_value("Typed slowly")
    late.get_by_role("button", name="Save the proposal").click()
    expect(late.get_by_role("heading", level=1)).to_contain_text("Proposal ")


def test_a_session_that_ends_in_the_midst_of_a_form_keeps_what_was_typed(system, visit):
    page = visit("edith")
    page.goto("/propose")
    page.get_by_label("Cutoff", exact=True).fill("0.77")
    page.get_by_label("Reason").fill('Typed for an hour: "quotes", <tags> & 50 %')
    with system.database() as database:
        database.execute("UPDATE sessions SET seen_at = '2020-01-01T00:00:00+00:00'")
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    page.get_by_label("Name").fill("edith")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("You are logged in again")).to_be_visible()
    expect(page.get_by_label("Cutoff", exact=True)).to_have_value("0.77")
    expect(page.get_by_label("Reason")).to_have_value('Typed for an hour: "quotes", <tags> & 50 %')
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Proposal ")


def test_another_kind_of_form_is_offered_again_after_a_login(system, visit):
    page = visit("edith")
    page.goto("/payloads")
    page.get_by_label("Name").fill("kept over a login")
    page.get_by_label("Body of POST /predict").fill('{"xp_points": 3}')
    with system.database() as database:
        database.execute("DELETE FROM sessions")
    page.get_by_role("button", name="Save the payload").click()
    page.get_by_label("Name").fill("edith")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("kept over a login")).to_be_visible()
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("region", name="Payload kept over a login")).to_be_visible()
    page.get_by_role("button", name="Remove payload kept over a login").click()
    expect(page.get_by_text("The payload is removed")).to_be_visible()


def test_each_role_sees_only_what_it_may_do(system, visit):
    page = visit("edith")
    proposal = propose(page, "0.59", "Who may do what")
    viewer = visit("vera")
    expect(viewer.get_by_role("link", name="Propose a change")).to_have_count(0)
    viewer.goto(f"/proposals/{proposal}")
    expect(viewer.get_by_role("button", name=re.compile("Try|Withdraw|Approve|Promote"))).to_have_count(0)
    for path in ["/propose", "/people", f"/proposals/{proposal}/edit"]:
        viewer.goto(path)
        expect(viewer.get_by_role("heading", level=1)).to_have_text("You may not do this")
    admin = visit("admin", system.admin_password)
    admin.goto("/people")
    expect(admin.get_by_role("heading", name=re.compile("vera"))).to_be_visible()


def test_an_admin_adds_somebody_and_keeps_them_out_again(system, visit):
    admin = visit("admin", system.admin_password)
    admin.goto("/people")
    admin.get_by_label("Name").fill("nora")
    admin.get_by_label("Email address").fill("nora@example.org")
    form = admin.locator("form[action='/people']")
    form.get_by_label("Role").select_option("editor")
    form.get_by_label("First password").fill("a password of nora's")
    form.get_by_role("button", name="Add").click()
    expect(admin.get_by_role("heading", name=re.compile("nora"))).to_contain_text("editor")
    nora = visit("nora", "a password of nora's")
    admin.get_by_role("button", name="Keep nora out").click()
    expect(admin.get_by_role("heading", name=re.compile("nora"))).to_contain_text("kept out")
    nora.goto("/")
    expect(nora.get_by_role("heading", level=1)).to_have_text("Log in")


def test_a_password_is_changed_and_other_sessions_end(system, visit):
    system.add("carol", "viewer")
    here, elsewhere = visit("carol"), visit("carol")
    here.goto("/account")
    here.get_by_label("Current password").fill("correct horse battery")
    here.get_by_label("New password").fill("another horse battery")
    here.get_by_role("button", name="Change it").click()
    expect(here.get_by_role("status").first).to_contain_text("The password is changed")
    elsewhere.goto("/")
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Log in")
    visit("carol", "another horse battery")


def test_an_admin_sees_and_ends_a_token_and_a_new_password_ends_the_others(system, visit):
    system.add("toni", "editor")
    page = visit("toni")
    page.goto("/account")
    for name in ["nightly", "by hand"]:
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Make a token").click()
        expect(page.locator("#new-token")).to_contain_text("bwc_")
    admin = visit("admin", system.admin_password)
    admin.goto("/people")
    card = admin.get_by_role("region", name="toni")
    expect(card).to_contain_text("by hand")
    card.get_by_role("button", name="End the token nightly of toni").click()
    expect(admin.get_by_role("status").first).to_contain_text("The token no longer works")
    expect(card).not_to_contain_text("nightly")
    page.goto("/account")
    page.get_by_label("Current password").fill("correct horse battery")
    page.get_by_label("New password").fill("another horse battery")
    page.get_by_label("End all my tokens").check()
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("status").first).to_contain_text("The password is changed")
    admin.goto("/people")
    expect(card).not_to_contain_text("by hand")


def test_guesses_have_to_wait_longer_and_longer(system, visit):
    system.add("gus", "viewer")
    page = visit("gus", log_in=False)
    page.goto("/login")
    for _ in range(8):
        page.get_by_label("Name").fill("gus")
        page.get_by_label("Password").fill("a guess")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        if "Try again" in page.get_by_role("alert").inner_text():
            break
    expect(page.get_by_role("alert")).to_contain_text("Try again in")
    # After more of them the right password is not even looked at.
    with system.database() as database:
        database.execute("UPDATE login_failures SET failures = 12 WHERE key = 'name:gus'")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Try again in")

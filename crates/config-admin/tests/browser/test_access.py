"""Everybody can use it: by keyboard alone, without scripts, on a narrow screen, with a screen reader."""

import re

import pytest
from playwright.sync_api import expect

from conftest import promote, propose, state, try_in_staging


def reach(page, target) -> None:
    """Presses Tab until the focus is on `target`."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if target.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {target}")


def test_a_change_is_proposed_and_tried_by_keyboard_alone(visit):
    page = visit("edith", log_in=False)
    page.goto("/")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("edith")
    page.keyboard.press("Tab")
    page.keyboard.type("correct horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="edith", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    reach(page, page.get_by_role("link", name="Propose a change"))
    page.keyboard.press("Enter")
    cutoff = page.get_by_label("Cutoff", exact=True)
    reach(page, cutoff)
    page.keyboard.press("Control+a")
    page.keyboard.type("0.66")
    reach(page, page.get_by_label("Reason"))
    page.keyboard.type("By keyboard alone")
    reach(page, page.locator("button.primary", has_text="Save the proposal"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Proposal ")
    reach(page, page.get_by_role("button", name="Try it in staging"))
    page.keyboard.press("Enter")
    state(page, "passed")


def test_enter_in_a_field_saves_and_removes_no_arm(visit):
    page = visit("edith")
    page.goto("/propose")
    page.get_by_role("button", name="Add a model").click()
    page.get_by_label("Percent", exact=True).first.press("Enter")
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.get_by_label("Percent", exact=True)).to_have_count(2)


def test_everything_works_without_scripts(system, visit):
    page = visit("edith", java_script_enabled=False)
    proposal = propose(page, "0.67", "Without scripts")
    page.get_by_role("button", name=re.compile("Try it in staging")).click()
    # The page reloads itself.
    state(page, "passed")
    page.goto("/propose")
    page.get_by_role("button", name="Add a model").click()
    expect(page.get_by_label("Percent", exact=True)).to_have_count(2)
    page.get_by_role("button", name="Remove model 2").click()
    expect(page.get_by_label("Percent", exact=True)).to_have_count(1)
    approver = visit("paul", java_script_enabled=False)
    approver.goto(f"/proposals/{proposal}")
    promote(approver)
    state(approver, "done")
    expect(approver.locator("#state").get_by_text("1/1 synced")).to_be_visible()
    approver.get_by_role("button", name="Log out").click()
    expect(approver.get_by_text("You are logged out")).to_be_visible()


PAGES = ["/", "/propose", "/proposals", "/history", "/history?environment=stage", "/payloads", "/audit?verify=yes", "/account", "/people"]


@pytest.fixture
def admin(system, visit):
    return lambda **options: visit("admin", system.admin_password, **options)


def pages_of(page) -> list[str]:
    page.goto("/history/prod/1")
    paths = [*PAGES, "/history/prod/1"]
    page.goto("/proposals")
    first = page.locator("tbody a").first
    return [*paths, first.get_attribute("href")] if first.count() else paths


def test_nothing_is_wider_than_a_screen_of_390_pixels(visit, admin):
    propose(visit("edith"), "0.68", "Narrow " + "unbreakable" * 20)
    page = admin(viewport={"width": 390, "height": 844})
    for path in pages_of(page):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{path} is {width} pixels wide"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_any_page(visit, admin, axe, scheme):
    editor = visit("edith", color_scheme=scheme)
    propose(editor, "0.69", f"Seen by axe, {scheme}")
    try_in_staging(editor)
    page = admin(color_scheme=scheme)
    found = []
    for path in [*pages_of(page), "/no-such-page", "/proposals/999999"]:
        page.goto(path)
        for summary in page.locator("details > summary").all():
            summary.click()
        found += violations(page, axe, path)
    page.goto("/propose")
    page.get_by_label("Cutoff", exact=True).fill("7")
    page.get_by_role("button", name="Save the proposal").click()
    found += violations(page, axe, "the form with errors")
    stranger = visit("nobody", log_in=False, color_scheme=scheme)
    stranger.goto("/login")
    found += violations(stranger, axe, "/login")
    assert not found, "\n".join(found)


def violations(page, axe, path: str) -> list[str]:
    outcome = axe.run(page).response["violations"]
    return [f"{path}: {one['id']}: {one['nodes'][0]['html']}" for one in outcome]

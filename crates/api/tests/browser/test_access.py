"""Everybody can use the page, and nobody gets in who should not: sessions, forms, and what is no session here."""

import re

import pytest
from callers import Caller, signed_in
from conftest import HOME, PASSWORD, ModelPage, PageCaller, System, look_up
from playwright.sync_api import expect

PAGES = [HOME, f"{HOME}/flagged", f"{HOME}/flagged.csv", f"{HOME}/clients/100001"]
FORMS = [HOME, f"{HOME}/table", f"{HOME}/table.csv", f"{HOME}/clients/100001", "/logout"]
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_those_who_are_logged_in(model_page, vera, path):
    assert Caller(model_page).get(path).leads_to_login()
    assert Caller(model_page, authorization="Bearer whatever").get(path).leads_to_login()
    assert vera.get(path).status == 200


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_taken_from_our_own_pages_only(model_page, vera, path):
    fields = {"ids": "100001", "table": "[]", "value.xp_points": "3"}
    assert vera.send(path, fields).status == 403, "without the session's token"
    for elsewhere in [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}]:
        assert vera.post(path, fields, elsewhere).status == 403, elsewhere
    stranger = Caller(model_page).send(path, {**fields, "csrf": vera.csrf})
    assert stranger.status == 401 or stranger.leads_to_login()
    assert vera.post(path, fields).status in (200, 303)


def test_an_upload_needs_the_session_s_token(vera):
    boundary = "xyz"
    part = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n100001\r\n'
    token = f'--{boundary}\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n{{}}\r\n'
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}

    def upload(csrf: str, **more):
        body = (token.format(csrf) + part + f"--{boundary}--\r\n").encode()
        return vera.call("POST", f"{HOME}/upload", body, {**headers, **more})

    assert upload("wrong").status == 403
    assert upload(vera.csrf, **{"sec-fetch-site": "cross-site"}).status == 403
    assert upload(vera.csrf).status == 200
    broken = vera.call("POST", f"{HOME}/upload", b"no parts at all", headers)
    assert broken.status == 400


def test_a_session_of_the_console_is_none_here_and_ours_is_none_there(system, model_page, vera):
    admin = signed_in(system, "admin", system.admin_password)
    here = Caller(model_page)
    here.cookies = {"bellwether-model-prod": admin.session, "bellwether": admin.session}
    assert here.get(HOME).leads_to_login()
    there = Caller(system)
    there.cookies = {"bellwether": vera.session, "bellwether-model-prod": vera.session}
    assert there.get("/").leads_to_login()
    assert vera.get(HOME).status == 200 and admin.get("/").status == 200, "both stand beside each other"


def test_a_session_of_staging_is_none_in_production(system, vera):
    staging = type("Staging", (), {"console": system.stage})()
    caller = Caller(staging)
    caller.cookies = dict(vera.cookies)
    assert caller.get(HOME).leads_to_login()
    assert caller.log_in("admin", system.admin_password).status == 303, "the first user is in both"
    assert set(caller.cookies) > {"bellwether-model-stage"}


def test_the_api_takes_no_cookie_and_the_page_no_token(tmp_path):
    token = "a-token-for-this-test-alone"
    system = System(tmp_path, BELLWETHER__AUTH__MODE="required", BELLWETHER__AUTH__TOKEN=token)
    try:
        admin = PageCaller(ModelPage(system, system.api))
        assert admin.log_in("admin", system.admin_password).status == 303
        body, json_ = b'{"xp_points": 3}', {"content-type": "application/json"}
        bearer = {"authorization": f"Bearer {token}"}
        for path in ["/predict", "/explain"]:
            assert admin.call("POST", path, body, json_).status == 401, f"{path} with a session"
            assert admin.call("POST", path, body, {**json_, **bearer, "cookie": None}).status == 200
        assert admin.get(HOME).status == 200
        assert admin.get(HOME, headers={**bearer, "cookie": None}).leads_to_login()
    finally:
        system.stop()


def test_cookies_are_kept_from_scripts_and_other_sites(model_page):
    caller = PageCaller(model_page)
    answer = caller.log_in("vera")
    cookie = answer.cookies["bellwether-model-prod"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie


def test_who_guesses_has_to_wait(system, model_page):
    system.add("gus", "viewer")
    caller = PageCaller(model_page)
    statuses = [caller.log_in("gus", f"wrong {number}").status for number in range(8)]
    assert statuses[:5] == [401] * 5 and statuses[-1] == 429
    assert "Try again in" in caller.log_in("gus", PASSWORD).alert


def test_who_logs_out_is_out(model_page, vera):
    kept = dict(vera.cookies)
    assert vera.post("/logout").status == 303
    again = PageCaller(model_page)
    again.cookies = kept
    assert again.get(HOME).leads_to_login()


def test_ids_that_were_pasted_before_the_session_ended_come_back_after_the_login(system, visit):
    page = visit()
    page.get_by_label("Client ids").fill("100001 <b>100002</b>")
    page.context.clear_cookies()
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_text("nothing of what you typed is lost")).to_be_visible()
    page.get_by_label("Name").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Client ids")).to_have_value("100001 <b>100002</b>")
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.locator("#result")).to_be_visible()


def test_a_page_loads_its_own_files_only_and_has_no_script_or_style_within(vera):
    for path in [*[page for page in PAGES if not page.endswith(".csv")], "/login", f"{HOME}/clients/nobody"]:
        answer = vera.get(path)
        if answer.status == 303:
            continue
        assert answer.header("content-security-policy").startswith(POLICY), path
        assert not re.search(r"<script(?! src=\"/assets/)|\son\w+=|javascript:|style=", answer.text), path


def test_no_id_is_in_the_log(system, visit):
    page = visit()
    look_up(page, "100077 secret-client-id")
    page.goto(f"{HOME}/clients/secret-client-id")
    page.goto(f"{HOME}/clients/100077")
    log = (system.data.parent / "up.log").read_text()
    assert "secret-client-id" not in log and "100077" not in log


def reach(page, target) -> None:
    """Presses Tab until the focus is on `target`."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {target}")


def test_a_client_is_looked_up_by_keyboard_alone(visit, clients):
    page = visit(log_in=False)
    page.goto(HOME)
    # Focused once the page is laid out: what is typed earlier goes nowhere.
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("vera")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    ids = page.get_by_label("Client ids")
    expect(ids).to_be_focused()
    page.keyboard.type(clients["scored"][0])
    reach(page, page.get_by_role("button", name="Look up", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_be_focused()
    reach(page, page.locator("tbody th a"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Why")).to_be_visible()


def seen(page, clients):
    """Every page, one after the other."""
    page.goto(HOME)
    yield "the form"
    look_up(page, " ".join([*clients["scored"][:4], *clients["held_out"][:2], "unbreakable" * 11]))
    yield "the table"
    page.get_by_label("Client ids").fill("")
    page.get_by_role("button", name="Look up", exact=True).click()
    yield "the form with an error"
    for path in [f"clients/{clients['scored'][0]}", f"clients/{clients['held_out'][0]}", "clients/nobody", "flagged"]:
        page.goto(f"{HOME}/{path}")
        for summary in page.locator("details > summary").all():
            if summary.is_visible():
                summary.click()
        yield path


def test_nothing_is_wider_than_a_screen_of_390_pixels(visit, clients):
    page = visit(viewport={"width": 390, "height": 844})
    for what in seen(page, clients):
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{what} is {width} pixels wide"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_any_page(visit, clients, axe, scheme):
    found = []

    def look(page, what):
        outcome = axe.run(page).response["violations"]
        found.extend(f"{what}: {one['id']}: {one['nodes'][0]['html']}" for one in outcome)

    page = visit(color_scheme=scheme)
    for what in seen(page, clients):
        look(page, what)
    stranger = visit(log_in=False, color_scheme=scheme)
    stranger.goto("/login")
    look(stranger, "/login")
    assert not found, "\n".join(found)

"""Other sites: a form that none of our pages sent changes nothing, and no page of ours stands in a frame of theirs."""

import http.server
import re
import threading
from html import escape

import pytest
from playwright.sync_api import expect

from callers import Caller, hidden, routes, signed_in, staffed, stored
from conftest import PASSWORD
from forms import Desk, somebody

POSTS = [path for method, path in routes() if method == "POST" and path != "/login"]
FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "https://evil.example", "host": "evil.example"},
    {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1"},
]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = staffed(tmp_path_factory.mktemp("forgery"))
    yield system
    system.stop()


@pytest.fixture(scope="module")
def desk(system):
    return Desk(system)


@pytest.mark.parametrize("path", POSTS)
def test_a_form_that_none_of_our_pages_sent_changes_nothing(system, desk, path):
    actor = somebody(system, "admin")
    stranger = signed_in(system, "vera")
    here, fields = desk.lay_out(path, actor)
    before = stored(system)
    tokens = [
        {},
        {"csrf": ""},
        {"csrf": stranger.csrf},
        {"csrf": actor.csrf[:-1]},
        {"csrf": actor.csrf + "A"},
    ]
    for token in tokens:
        answer = actor.send(here, {**fields, **token})
        assert answer.status == 403, f"{here} with {token}: {answer.status}"
    # The right token does not help another site, should it ever learn it.
    for headers in FOREIGN[:4] + FOREIGN[5:]:
        answer = actor.post(here, fields, headers)
        assert answer.status == 403, f"{here} with {headers}: {answer.status}"
    # A token in the address is none.
    assert actor.send(f"{here}?csrf={actor.csrf}", fields).status == 403
    assert stored(system) == before
    # The very same form is taken from our own page: what was refused would have changed something.
    answer = actor.post(here, fields, {"sec-fetch-site": "same-origin", "origin": system.console})
    assert answer.status in (200, 303), f"{here}: {answer.status} {answer.alert}"
    assert not answer.location.endswith("overtaken")
    assert stored(system) != before


@pytest.mark.parametrize("path", POSTS)
def test_nothing_is_changed_by_a_look(system, desk, path):
    actor = somebody(system, "admin")
    here, fields = desk.lay_out(path, actor)
    before = stored(system)
    query = "&".join(f"{name}={escape(str(value))}" for name, value in fields.items() if name != "document")
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        answer = actor.call(method, f"{here}?csrf={actor.csrf}&{query}".replace(" ", "+"))
        assert answer.status < 500
    assert stored(system) == before


def test_nobody_is_logged_in_as_somebody_else_by_another_site(system):
    login = {"name": "vera", "password": PASSWORD}
    victim = Caller(system)
    form = hidden(victim.get("/login").text, "form")
    for headers in FOREIGN[:4] + FOREIGN[5:]:
        assert victim.send("/login", {**login, "form": form}, headers).status == 403
    attacker = Caller(system)
    theirs = hidden(attacker.get("/login").text, "form")
    for fields in ({}, {"form": ""}, {"form": theirs}, {"form": form + "x"}):
        answer = victim.send("/login", {**login, **fields})
        assert answer.status == 200
        assert "bellwether" not in answer.cookies
    # Without the cookie of a login form nobody is let in, whatever the form says.
    for planted in ("", "AAAA", "x" * 43):
        stranger = Caller(system)
        assert "bellwether" not in stranger.send("/login", {**login, "form": theirs}).cookies
        stranger.cookies["bellwether-login"] = planted
        assert "bellwether" not in stranger.send("/login", {**login, "form": planted}).cookies, planted
    assert victim.session is None


def test_a_kept_form_is_not_sent_without_a_look_at_it(system):
    """Another site may have a form kept over a login: it is shown first, and sent by a button only."""
    caller = Caller(system)
    before = stored(system)["prod.users"]
    answer = caller.log_in(
        "admin",
        system.admin_password,
        kept_path="/people/role",
        kept="name=vera&role=admin",
    )
    assert answer.status == 200
    assert "/people/role" in answer.text and "vera" in answer.text
    assert stored(system)["prod.users"] == before


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another site, on the same machine."""

    page = ""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(self.page.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def elsewhere():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def victim(chromium, system):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(system.console)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(system.admin_password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    return page


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_browser_that_another_site_leads_by_the_nose_changes_nothing(system, chromium, elsewhere, host):
    page = victim(chromium, system)
    before = stored(system)
    # On 127.0.0.1 it is the same site to a browser, cookies and all, and still another origin.
    forms = [
        f'<form method="post" action="{system.console}/people"><input name="name" value="mallory">'
        f'<input name="role" value="admin"><input name="new_password" value="{PASSWORD}"><button>Win</button></form>',
        f'<form method="post" action="{system.console}/people/role"><input name="name" value="vera">'
        '<input name="role" value="admin"><button>Win</button></form>',
    ]
    for form in forms:
        Elsewhere.page = form
        page.goto(f"http://{host}:{elsewhere.server_port}/")
        page.get_by_role("button", name="Win").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You may not do this")
        expect(page.get_by_text("sent by another site")).to_be_visible()
    assert stored(system) == before
    page.context.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_page_stands_in_a_frame_of_another_site(system, chromium, elsewhere, host):
    page = victim(chromium, system)
    Elsewhere.page = "".join(
        f'<iframe src="{system.console}{path}"></iframe>'
        for path in ("/", "/people", "/login", "/no-such-page")
    )
    page.goto(f"http://{host}:{elsewhere.server_port}/", wait_until="load")
    frames = page.main_frame.child_frames
    assert len(frames) == 4
    for frame in frames:
        frame.wait_for_load_state()
        assert frame.url == "chrome-error://chromewebdata/", f"{frame.url} is framed"
    page.context.close()


PLACES = {"{id}": "1", "{environment}": "prod", "{version}": "1"}


def concrete(path: str) -> str:
    for name, value in PLACES.items():
        path = path.replace(name, value)
    return path


def test_every_answer_forbids_frames_sniffing_foreign_scripts_and_keeping(system, desk):
    desk.open_proposal()
    admin, viewer, nobody = desk.admin, signed_in(system, "vera"), Caller(system)
    answers = {}
    for method, path in routes():
        if method == "GET":
            for who, caller in (("admin", admin), ("viewer", viewer), ("nobody", nobody)):
                answers[f"{path} for {who}"] = caller.get(concrete(path))
        else:
            answers[f"POST {path} without a token"] = admin.send(concrete(path), {})
            answers[f"POST {path} for nobody"] = nobody.send(concrete(path), {})
    for path in (
        "/no-such-page",
        "/proposals/abc",
        "/proposals/999999",
        "/history/prod/abc",
        "/history/local/1",
        "/api/no-such-route",
        "/api/overview",
        "/%ff",
        "/..%2f..%2fetc/passwd",
    ):
        answers[path] = admin.get(path)
    answers["a body that is too large"] = admin.send("/account/email", {"email": "a" * 600_000})
    answers["a body of another type"] = admin.call(
        "POST", "/account/email", "{}", {"content-type": "application/json"}
    )
    answers["a field that will not do"] = admin.post("/account/email", {"email": "nobody"})
    answers["another method"] = admin.call("PUT", "/people")
    statuses = {answer.status for answer in answers.values()}
    assert {200, 303, 401, 403, 404, 413, 415, 422} <= statuses, "every kind of answer is looked at"
    for what, answer in answers.items():
        policy = [part.strip() for part in answer.header("content-security-policy").split(";")]
        assert "default-src 'none'" in policy, what
        assert "frame-ancestors 'none'" in policy, what
        assert answer.header("x-frame-options") == "DENY", what
        assert answer.header("x-content-type-options") == "nosniff", what
        if not what.startswith("/assets/"):
            assert answer.header("cache-control") == "no-store", what
        if answer.header("content-type").startswith("text/html"):
            assert "script-src 'self'" in policy, what
            assert "style-src 'self'" in policy, what
            assert "form-action 'self'" in policy, what
            assert "base-uri 'none'" in policy, what
            assert not re.search(r"<script(?! src=\"/assets/)|\son\w+=|javascript:|style=", answer.text), what
        assert "unsafe" not in answer.header("content-security-policy"), what
        assert not answer.header("access-control-allow-origin"), what
        assert not answer.header("server"), what

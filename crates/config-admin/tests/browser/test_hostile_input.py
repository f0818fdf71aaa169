"""Whatever is typed, stored or asked: it is shown as text, it is no SQL, no formula and no address of another site, and
nothing of it makes the console fail."""

import csv
import http.client
import io
import json
import re
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from callers import (
    Caller,
    address,
    at_rest,
    live_document,
    proposal,
    proposed,
    routes,
    signed_in,
    staffed,
    stored,
)
from conftest import PASSWORD
from forms import Desk, somebody

SCRIPTS = [
    "<script>window.ran=1</script>",
    '"><img id=planted src=x onerror=window.ran=1>',
    "'><svg id=planted onload=window.ran=1>",
    "' autofocus onfocus=window.ran=1 x='",
    "</textarea></title></noscript><b id=planted>",
    "{{7*7}}{%raw%}${7*7}<%=7*7%>&lt;b&gt;",
    "𝕏😀 \u202eevil\u202c \u2066x\u2069 \u200b\ufeffend",
]
FORMULAS = ['=HYPERLINK("http://evil.example")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "=1\n=2"]
INJECTIONS = [
    "' OR '1'='1",
    "x'; DROP TABLE users; --",
    "x'; UPDATE users SET role = 'admin'; --",
    '" OR ""="',
    "1 OR 1=1",
    "1; DELETE FROM config_version",
    "%' UNION SELECT name, password_hash FROM users --",
    "\\' OR 1=1 --",
    "x\u0000'; DROP TABLE users",
]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = staffed(
        tmp_path_factory.mktemp("hostile"),
        BELLWETHER__SERVER__TRUSTED_PROXIES="127.0.0.1/32",
        BELLWETHER__REPLICAS__HEARTBEAT_SECONDS="1",
    )
    yield system
    system.stop()


@pytest.fixture(scope="module")
def desk(system):
    return Desk(system)


def write_version(system, environment: str, author: str, reason: str, document: str | None = None) -> int:
    """Past the console, as somebody with the database's password can."""
    with system.database(environment) as database:
        database.execute(
            "INSERT INTO config_version (environment, version, parent, document, sha256, author, reason, created_at) "
            "SELECT environment, version + 1, version, coalesce(?, document), sha256, ?, ?, created_at "
            "FROM config_version ORDER BY version DESC LIMIT 1",
            (document, author, reason),
        )
        return database.execute("SELECT max(version) FROM config_version").fetchone()[0]


def report_replica(system, name: str, reason: str) -> None:
    """A replica as it would report itself, were its name and its reasons hostile."""
    refused = json.dumps({"version": system.live(), "reasons": [reason]})
    with system.database() as database:
        database.execute(
            "INSERT INTO replicas (environment, replica, version, sha256, bundles, refused, journal_oldest_at, "
            "started_at, at, traffic) SELECT environment, ?, version, sha256, bundles, ?, NULL, started_at, "
            "'2999-01-01T00:00:00.000000000+00:00', NULL FROM replicas WHERE environment = 'prod' LIMIT 1",
            (name, refused),
        )


def fill_with(system, desk, text: str) -> dict[str, list[str]]:
    """Puts a text wherever it is taken; answers the pages that must show it."""
    shown: dict[str, list[str]] = {}
    editor = somebody(system, "editor")
    number = proposed(editor, f"Reason {text} end")
    shown[f"/proposals/{number}"] = [f"Reason {text} end"]
    shown["/proposals"] = [f"Reason {text} end"]
    shown[f"/proposals/{number}/edit"] = [f"Reason {text} end"]
    salt = text.encode()[:60].decode(errors="ignore")
    salted = proposed(editor, "With a salt", experiment_salt=salt)
    shown[f"/proposals/{salted}"] = [salt]
    assert (
        editor.post("/payloads", {"name": text, "payload": json.dumps({"note": text}), "expected": ""}).status
        == 303
    )
    shown["/payloads"] = [text, json.dumps({"note": text}, ensure_ascii=False)[1:-1]]
    shown[f"/payloads?edit={address(text)}"] = [text]
    plain = re.sub(r"\s", "", text)
    admin = desk.admin
    answer = admin.post("/account/email", {"email": f"{plain}@x"})
    if answer.status == 303:
        shown["/people"] = [f"{plain}@x"]
    assert admin.post("/account/tokens", {"name": text[:64], "role": "viewer", "days": "3"}).status == 200
    shown["/account"] = [text[:64]]
    past = proposed(editor, f"Past {text}")
    fields = {"revision": 1, "why": f"Why {text}", "bake_minutes": "0"}
    assert admin.post(f"/proposals/{past}/promote-past-staging", fields).status == 303
    at_rest(system)
    shown[f"/proposals/{past}"] = [f"Past {text}", f"Why {text}"]
    shown[f"/history/prod/{system.live()}"] = [f"Past {text}", f"Why {text}"]
    version = write_version(system, "prod", f"Author {text}", f"Written {text}")
    shown["/history"] = [f"Author {text}", f"Written {text}"]
    shown[f"/history/prod/{version}"] = [f"Author {text}", f"Written {text}"]
    shown["/"] = [f"Author {text}", f"Written {text}"]
    version = write_version(system, "stage", f"Author {text}", f"Written {text}")
    shown["/history?environment=stage"] = [f"Author {text}", f"Written {text}"]
    shown[f"/history/stage/{version}"] = [f"Author {text}", f"Written {text}"]
    shown["/audit"] = [f"payload {text}"]
    return shown


@pytest.mark.parametrize("text", SCRIPTS)
@pytest.mark.parametrize("policy", ["with our policy", "by escaping alone"])
def test_a_hostile_text_is_shown_as_it_is_and_runs_nowhere(system, desk, chromium, text, policy):
    shown = fill_with(system, desk, text)
    # Without the policy a script that got through would really run.
    context = chromium.new_context(
        base_url=system.console,
        bypass_csp=policy == "by escaping alone",
        # Headers are ASCII.
        user_agent=text.encode("ascii", "ignore").decode(),
        # Whoever is looked at is the admin: the pages of people are for admins only.
        extra_http_headers={"x-forwarded-for": "198.51.100.20"},
    )
    page = context.new_page()
    told, complaints = [], []
    page.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security" in message.text else None,
    )
    page.goto(f"/login?next={address(text)}")
    page.get_by_label("Name").fill(text[:60])
    page.get_by_label("Password").fill("a wrong one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value(text[:60])
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(system.admin_password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(system.console + "/")
    report_replica(system, f"replica {text}", f"refused since {text}")
    shown["/"] += [f"replica {text}", f"refused since {text}"]
    shown.setdefault("/account", []).append(text.encode("ascii", "ignore").decode().strip())
    try:
        for path, texts in shown.items():
            page.goto(path)
            page.wait_for_load_state()
            assert page.evaluate("window.ran") is None, path
            assert (
                page.locator("#planted, svg[onload], [onerror], [onfocus], script:not([src])").count() == 0
            ), path
            body = page.evaluate(
                "document.body.textContent + "
                "[...document.querySelectorAll('input, textarea')].map((field) => field.value).join(' ')"
            )
            squeezed = " ".join(body.replace("\ufeff", "").split())
            for wanted in texts:
                assert " ".join(wanted.replace("\ufeff", "").split()) in squeezed, f"{wanted!r} on {path}"
    finally:
        with system.database() as database:
            database.execute("DELETE FROM replicas WHERE replica LIKE 'replica %'")
            database.execute("DELETE FROM login_failures")
    assert not told
    assert not complaints, complaints
    context.close()


def test_a_hostile_document_that_cannot_be_read_is_shown_as_text(system, desk, chromium):
    good = live_document(system)
    hostile = "".join(SCRIPTS[:3])
    version = write_version(system, "prod", "mallory", "A bad document", hostile)
    page = chromium.new_context(base_url=system.console, bypass_csp=True).new_page()
    page.goto("/login")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(system.admin_password)
    page.get_by_role("button", name="Log in").click()
    for path in ("/", "/history", f"/history/prod/{version}", "/propose"):
        page.goto(path)
        assert page.evaluate("window.ran") is None, path
        assert page.locator("#planted").count() == 0, path
    page.goto(f"/history/prod/{version}")
    page.locator("summary", has_text="As JSON").click()
    expect(page.locator("pre")).to_have_text(hostile)
    page.context.close()
    write_version(system, "prod", "admin", "A good one again", good)


def test_what_comes_back_from_a_form_that_was_kept_or_refused_is_text(system):
    text = SCRIPTS[1]
    caller = Caller(system)
    kept = urlencode({"name": text, text: "value"})
    answer = caller.send("/payloads", {"name": text, "payload": text})
    assert answer.status == 401 and text not in answer.text
    answer = caller.log_in("edith", kept_path=f"/payloads?{text}", kept=kept)
    assert answer.status == 200 and text not in answer.text and "onerror" in answer.text
    editor = signed_in(system, "edith")
    for path, fields in [
        ("/payloads", {"name": text, "payload": text}),
        ("/propose", {"mode": "json", "document": text, "reason": text}),
        (
            "/propose",
            {
                "mode": "form",
                "proba_cutoff": text,
                "arm_model": text,
                "arm_percentage": text,
                "shadow": text,
                "experiment_salt": text,
                "email": text,
                "email_recipients": text,
                "reason": text,
                "heuristic_percentage": text,
                "holdout_percentage": text,
                "recent_window_seconds": text,
                "drift.psi": text,
                "outcome_window_days": text,
                "contact_value.contact_cost": text,
            },
        ),
    ]:
        answer = editor.post(path, fields)
        assert answer.status == 422
        assert text not in answer.text and "onerror" in answer.text, path
    for path in (
        f"/{address(text)}",
        f"/history?environment={address(text)}",
        f"/?done={address(text)}",
        f"/history/{address(text)}/1",
        f"/proposals/{address(text)}",
    ):
        answer = editor.get(path)
        html = answer.header("content-type").startswith("text/html")
        assert answer.status < 500 and not (html and text in answer.text), path


def test_a_download_holds_no_formula(system, desk):
    for formula in FORMULAS:
        write_version(system, "prod", formula, formula)
        assert desk.admin.post("/payloads", {"name": "for the log", "payload": '{"a": 1}'}).status == 303
    with system.database() as database:
        assert (
            database.execute("SELECT count(*) FROM config_version WHERE author LIKE '=%'").fetchone()[0] > 0
        )
    # What is typed at the login may be a password: it ends in no log, however often it fails.
    for formula in FORMULAS[:1]:
        for _ in range(5):
            Caller(system, x_forwarded_for="198.51.100.30").log_in(formula, "a wrong one")
    for path in ("/history.csv", "/audit.csv", "/history.csv?environment=stage"):
        answer = desk.admin.get(path)
        assert answer.header("content-type") == "text/csv; charset=utf-8"
        assert answer.header("content-disposition").startswith("attachment")
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert len({len(row) for row in rows}) == 1, "no text breaks out of its cell"
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
        if path == "/history.csv":
            assert any(cell == "'" + FORMULAS[0] for cell in cells), "it is there, and harmless"
        if path == "/audit.csv":
            assert "login.held_back" in cells and not [cell for cell in cells if FORMULAS[0] in cell]
    for path in ("/history.json", "/audit.json"):
        answer = desk.admin.get(path)
        assert answer.header("content-type") == "application/json"
        assert answer.header("content-disposition").startswith("attachment")
        json.loads(answer.text)


def rows_of(system) -> dict[str, set]:
    rows = stored(system)
    for table in ("prod.sessions", "prod.audit_log", "prod.proposals"):
        del rows[table]
    return rows


def test_no_login_is_won_by_sql(system):
    for injection in INJECTIONS:
        for name, password in [
            (injection, injection),
            ("admin", injection),
            (f"admin{injection}", PASSWORD),
            ("admin' --", "x"),
            (injection, PASSWORD),
        ]:
            answer = Caller(system, x_forwarded_for="198.51.100.40").log_in(name, password)
            assert answer.status in (401, 429), f"{name!r}: {answer.status}"
            assert "bellwether" not in answer.cookies
            with system.database() as database:
                database.execute("DELETE FROM login_failures")
    for secret in INJECTIONS[:-1]:
        caller = Caller(system)
        caller.cookies["bellwether"] = secret.replace(";", "%3b")
        assert caller.get("/").leads_to_login()


LOOKS = [
    "/history?before={}",
    "/history?environment={}",
    "/history.csv?environment={}",
    "/history.json?environment={}",
    "/proposals?before={}",
    "/audit?before={}",
    "/audit?verify={}",
    "/payloads?edit={}",
    "/propose?version={}",
    "/?done={}",
    "/login?next={}&done={}",
    "/proposals/{}",
    "/proposals/{}/edit",
    "/history/prod/{}",
    "/history/{}/1",
    "/assets/{}",
]


@pytest.mark.parametrize("path", LOOKS)
def test_no_look_carries_sql(system, desk, path):
    before = stored(system)
    for injection in INJECTIONS:
        answer = desk.admin.get(path.replace("{}", address(injection)))
        assert answer.status in (200, 303, 404), f"{path} with {injection!r}: {answer.status}"
        assert "argon2" not in answer.text
    assert stored(system) == before


POSTS = [path for method, path in routes() if method == "POST" and path not in ("/login", "/logout")]


@pytest.mark.parametrize("path", POSTS)
def test_no_form_carries_sql(system, desk, path):
    actor = somebody(system, "admin")
    here, fields = (
        desk.step("promote", bake_minutes="0", max_p99_ms="9")
        if path.endswith("/promote")
        else desk.lay_out(path, actor)
    )
    if path in ("/propose", "/proposals/{id}/edit"):
        fields = {
            **fields,
            "proba_cutoff": "0.5",
            "arm_model": "x",
            "arm_percentage": "100",
            "shadow": "x",
            "experiment_salt": "s",
            "email": "none",
            "email_recipients": "",
            "confirmed": "",
            "heuristic_percentage": "0",
            "holdout_percentage": "0",
            "recent_window_seconds": "60",
            "drift.psi": "0.2",
            "outcome_window_days": "30",
            "contact_value.contact_cost": "1",
            "contact_value.kept_share": "0.1",
        }
    # What the form is about may change; so may a payload that is really called so.
    before, own = rows_of(system), {actor.name, str(fields.get("name")), *INJECTIONS}
    admins = admins_of(system)
    for field in fields:
        for injection in INJECTIONS:
            mode = {"mode": "form"} if field not in ("document", "base", "reason", "revision", "mode") else {}
            sent = {**fields, **mode, field: injection}
            answer = actor.post(here, sent)
            assert answer.status < 500, f"{here} with {field}={injection!r}: {answer.status}"
            assert "argon2" not in answer.text
    for injection in INJECTIONS:
        answer = actor.post(re.sub(r"\d+", address(injection), here), fields)
        assert answer.status < 500
    at_rest(system)
    after = rows_of(system)
    for table, rows in before.items():
        lost = [row for row in rows - after[table] if not own & set(map(str, row))]
        assert not lost, f"{table} has lost {lost}"
    assert admins_of(system) - admins <= own


def admins_of(system) -> set[str]:
    with system.database() as database:
        return {name for (name,) in database.execute("SELECT name FROM users WHERE role = 'admin'")}


NUMBERS = [0, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -1]
LARGE_NUMBERS = [
    "/history/prod/{}",
    "/history/stage/{}",
    "/history?before={}",
    "/propose?version={}",
    "/proposals/{}",
    "/proposals/{}/edit",
    "/proposals?before={}",
    "/audit?before={}",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("path", LARGE_NUMBERS)
def test_a_number_that_nothing_has_is_not_found_and_no_failure(desk, path, number):
    answer = desk.admin.get(path.replace("{}", str(number)))
    assert answer.status in (200, 404), answer.status


@pytest.mark.parametrize("number", [0, 2**63, 2**64 - 1])
def test_a_form_about_what_is_not_there_is_no_failure(desk, number):
    for path in POSTS:
        if "{" in path:
            fields = {"revision": "1", "reason": "Back", "why": "In a hurry", "base": str(number)}
            answer = desk.admin.post(re.sub(r"\{\w+\}", str(number), path), fields)
            assert answer.status in (404, 409, 422), f"{path}: {answer.status}"


@pytest.mark.parametrize(
    "path", ["/proposals/abc", "/proposals/-1", "/history/prod/abc", "/proposals/18446744073709551616"]
)
def test_an_address_that_is_none_of_ours_is_told_on_a_page_of_ours(desk, path):
    answer = desk.admin.get(path)
    assert answer.status == 404
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert "To the overview" in answer.text


@pytest.mark.parametrize("name", ["nobody-there", "", "a" * 100_000, "' OR '1'='1"])
def test_nothing_is_done_to_somebody_who_is_not_there(system, desk, name):
    before = stored(system)
    for path in ("/people/role", "/people/disabled", "/people/sessions"):
        answer = desk.admin.post(path, {"name": name, "role": "viewer", "disabled": "yes"})
        assert answer.status in (404, 409), f"{path}: {answer.status}"
    assert stored(system) == before


@pytest.mark.parametrize("path", POSTS)
def test_a_malformed_form_is_no_failure(system, desk, path):
    here = re.sub(r"\{\w+\}", str(desk.open_proposal()) if "{id}" in path else "1", path)
    actor = somebody(system, "admin")
    token = f"csrf={actor.csrf}"
    before = rows_of(system)["prod.users"]
    for rest in (
        b"",
        b"&&&",
        b"&=",
        b"&a",
        b"&name=%zz%",
        b"&name=\xff\xfe\x00&revision=\x00",
        b"&name=" + b"&name=" * 5_000,
        b"&revision=NaN&base=1e999&days=inf&reason=%00%00%00%00&name=%00&email=%00@%00",
        "&reason=\U0001f600\ud7ff&name=\U0001f600".encode(),
        b"&document=" + b"[" * 100_000 + b"&mode=json",
    ):
        answer = actor.call("POST", here, token.encode() + rest)
        assert answer.status < 500, f"{here} with {rest[:40]!r}: {answer.status}"
    assert actor.call("POST", here, b"\xff" * 1000).status == 403
    if path not in ("/account/password", "/account/email"):
        assert rows_of(system)["prod.users"] == before


@pytest.mark.parametrize("path", [*POSTS, "/login"])
def test_a_body_that_is_too_large_is_not_read(system, path):
    here = re.sub(r"\{\w+\}", "1", path)
    caller = signed_in(system, "vera")
    large = b"csrf=" + caller.csrf.encode() + b"&reason=" + b"a" * (512 * 1024)
    assert caller.call("POST", here, large).status == 413
    # Nor where its length is not told beforehand.
    connection = http.client.HTTPConnection(system.console.removeprefix("http://"), timeout=30)
    try:
        chunks = (large[at : at + 65_536] for at in range(0, len(large), 65_536))
        headers = {
            "cookie": f"bellwether={caller.session}",
            "content-type": "application/x-www-form-urlencoded",
        }
        connection.request("POST", here, chunks, headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        connection.close()
    for media_type in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        assert caller.call("POST", here, b"{}", {"content-type": media_type}).status == 415


@pytest.mark.parametrize(
    "minutes",
    ["inf", "1e300", "ten", "NaN", "-5", "-inf", "-0.1", "0.001"],
)
def test_a_watch_that_is_no_length_of_time_is_refused_and_does_not_mean_unwatched(system, desk, minutes):
    number = desk.open_proposal()
    before = system.live()
    fields = {"revision": 1, "why": "In a hurry", "bake_minutes": minutes}
    answer = desk.admin.post(f"/proposals/{number}/promote-past-staging", fields)
    at_rest(system)
    assert answer.status == 422
    assert system.live() == before
    assert proposal(system, number)[0] == "proposed"


@pytest.mark.parametrize(
    "limit",
    [
        "max_failed_percent",
        "max_p99_ms",
        "min_high_risk_percent",
        "max_high_risk_percent",
        "max_without_prediction_percent",
        "max_silence_seconds",
        "min_answers",
    ],
)
def test_limits_that_limit_nothing_are_refused(system, desk, limit):
    number = desk.open_proposal()
    before = system.live()
    for value in ("NaN", "-1", "inf", "1e999", "x"):
        fields = {"revision": 1, "why": "In a hurry", "bake_minutes": "1", limit: value}
        answer = desk.admin.post(f"/proposals/{number}/promote-past-staging", fields)
        assert answer.status == 422, f"{limit}={value}: {answer.status}"
    assert system.live() == before


ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
    "/%5cevil.example",
    "/.//evil.example",
    "/..//evil.example",
    "///evil.example",
    "http:///evil.example",
    "/@evil.example",
    "//evil.example/%2f..",
    "\u3000//evil.example",
    "/login",
    "",
]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_a_login_leads_nowhere_else(system, chromium, elsewhere):
    page = chromium.new_context(base_url=system.console).new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route(lambda url: not url.startswith(system.console), lambda route: route.abort())
    page.goto(f"/login?next={address(elsewhere)}")
    page.get_by_label("Name").fill("vera")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(
        page.get_by_role("link", name="vera", exact=True).or_(page.get_by_text("There is no such page")).first
    ).to_be_visible()
    # And for one who is logged in already.
    page.goto(f"/login?next={address(elsewhere)}")
    assert page.url.startswith(system.console)
    page.context.close()
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(system.console).netloc}
    caller = Caller(system)
    answer = caller.log_in("edith", next=elsewhere, kept_path=elsewhere, kept="a=b")
    action = re.findall(r'<form method="post" action="([^"]*)"', answer.text)
    assert all(
        re.match(r"/(?![/\\])", where) for where in [*action, *([answer.location] if answer.location else [])]
    )


def test_other_methods_are_not_taken(system, desk):
    before = stored(system)
    for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW"):
        for _, path in routes():
            answer = desk.admin.call(
                method, re.sub(r"\{\w+\}", "1", path).replace("/history/1/", "/history/prod/")
            )
            assert answer.status in (404, 405), f"{method} {path}: {answer.status}"
    assert stored(system) == before


def test_the_name_that_a_request_calls_us_by_is_not_believed(system):
    lies = [
        {"host": "liar.example"},
        {"x-forwarded-host": "liar.example"},
        {"forwarded": "host=liar.example;proto=https"},
        {"x-original-url": "/people", "x-rewrite-url": "/people"},
        {"x-http-method-override": "DELETE"},
    ]
    for headers in lies:
        caller = Caller(system)
        caller.log_in("vera")
        for path in ("/", "/login", "/people", "/no-such-page", "/account", "/history"):
            answer = caller.get(path, headers=headers)
            assert answer.status < 500
            assert "liar.example" not in answer.text + str(answer.headers), f"{path} with {headers}"
        assert caller.get("/people", headers=headers).status == 403
        # Where a browser is made to call us by another name, its forms bring no cookie of ours; and without one:
        answer = Caller(system).send("/people", {"name": "x"}, {**headers, "origin": "http://liar.example"})
        assert answer.status in (401, 403)
    answer = Caller(system).get("/", headers={"host": "liar.example"})
    assert answer.location == "/login"

"""Sessions: nobody's is planted, kept after its end, or read by a script; and they end with their owner's rights."""

import re
import subprocess

import pytest

from callers import Caller, hidden, hire, signed_in, staffed, value_of
from conftest import PASSWORD, PROGRAMS

HTTPS = {"x-forwarded-proto": "https"}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = staffed(tmp_path_factory.mktemp("sessions"), BELLWETHER__SERVER__TRUSTED_PROXIES="127.0.0.1/32")
    yield system
    system.stop()


def is_inside(caller: Caller) -> bool:
    answer = caller.get("/")
    assert answer.status == 200 or answer.leads_to_login()
    return answer.status == 200


def with_session(system, secret: str) -> Caller:
    caller = Caller(system)
    caller.cookies["bellwether"] = secret
    return caller


@pytest.mark.parametrize("planted", ["a-secret-of-the-attacker", "A" * 43, "", "'; --"])
def test_what_was_planted_before_a_login_is_not_the_session_after_it(system, planted):
    victim = with_session(system, planted)
    assert victim.log_in("vera").status == 303
    assert victim.session and victim.session != planted
    assert is_inside(victim)
    assert not is_inside(with_session(system, planted))


def test_an_attackers_own_session_planted_before_a_login_ends_with_it(system):
    attacker = signed_in(system, hire(system, "viewer"))
    victim = with_session(system, attacker.session)
    form = victim.get("/login")
    assert form.status == 303, "to the browser it is logged in"
    victim.cookies["bellwether-login"] = value_of(Caller(system).get("/login").cookies["bellwether-login"])
    fields = {"form": victim.cookies["bellwether-login"], "name": "vera", "password": PASSWORD}
    answer = victim.send("/login", fields)
    assert answer.status == 303
    assert victim.session != attacker.session
    assert ">vera</a>" in victim.get("/").text
    assert not is_inside(attacker), "the planted session is nobody's any more, least of all the victim's"


def test_a_planted_login_form_gives_nothing_of_the_session_away(system):
    attacker = Caller(system)
    form = hidden(attacker.get("/login").text, "form")
    victim = Caller(system)
    victim.cookies["bellwether-login"] = form
    victim.send("/login", {"form": form, "name": "vera", "password": PASSWORD})
    assert victim.session and form not in victim.session
    assert victim.csrf != form


def test_each_login_has_a_secret_and_a_token_of_its_own(system):
    callers = [signed_in(system, "vera") for _ in range(3)]
    assert len({caller.session for caller in callers}) == 3
    assert len({caller.csrf for caller in callers}) == 3
    assert all(len(caller.session) >= 43 for caller in callers)
    with system.database() as database:
        kept = database.execute("SELECT * FROM sessions").fetchall()
    assert not any(caller.session in str(kept) for caller in callers), "the database holds hashes only"


def test_a_session_is_dead_after_its_logout(system):
    caller = signed_in(system, "vera")
    secret = caller.session
    answer = caller.post("/logout")
    assert answer.location == "/login?done=logged-out"
    assert re.search(r"Max-Age=0|Expires=.*1970", answer.cookies["bellwether"])
    assert caller.session is None
    assert not is_inside(with_session(system, secret))


def test_a_session_ends_when_an_admin_keeps_its_owner_out(system):
    name = hire(system, "editor")
    caller, admin = signed_in(system, name), signed_in(system, "admin", system.admin_password)
    assert is_inside(caller)
    assert admin.post("/people/disabled", {"name": name, "disabled": "yes"}).status == 303
    assert not is_inside(caller)
    assert Caller(system).log_in(name).status == 401
    assert admin.post("/people/disabled", {"name": name, "disabled": "no"}).status == 303
    assert not is_inside(caller), "what has ended does not come back"


def test_a_session_ends_when_its_owner_is_disabled_by_the_command_line(system):
    name = hire(system, "editor")
    caller = signed_in(system, name)
    subprocess.run(
        [PROGRAMS / "bellwether", "user", "disable", name, "--data-dir", system.data],
        check=True,
        capture_output=True,
    )
    assert not is_inside(caller)
    assert caller.send("/propose", {}).status == 401


def test_a_session_ends_by_its_time_and_by_lying_unused(system):
    for column in ("expires_at", "seen_at"):
        caller = signed_in(system, hire(system, "viewer"))
        assert is_inside(caller)
        with system.database() as database:
            database.execute(
                f"UPDATE sessions SET {column} = '2020-01-01T00:00:00+00:00' WHERE user = ?", (caller.name,)
            )
        assert not is_inside(caller)


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites_forms(system):
    caller = Caller(system)
    login = caller.get("/login").cookies["bellwether-login"]
    session = caller.log_in("vera").cookies["bellwether"]
    for cookie, same_site in ((login, "Strict"), (session, "Lax")):
        attributes = [part.strip() for part in cookie.split(";")[1:]]
        assert "HttpOnly" in attributes
        assert f"SameSite={same_site}" in attributes
        assert "Path=/" in attributes
        assert not any(part.startswith("Domain") for part in attributes)
    assert "Max-Age" not in session, "it goes with the browser"


def test_cookies_are_for_this_very_host_by_https_where_a_trusted_proxy_says_so(system):
    caller = Caller(system, **HTTPS)
    assert caller.get("/login").cookies.keys() == {"__Host-bellwether-login"}
    cookies = caller.log_in("vera").cookies
    assert cookies.keys() == {"__Host-bellwether"}
    attributes = [part.strip() for part in cookies["__Host-bellwether"].split(";")[1:]]
    assert "Secure" in attributes and "HttpOnly" in attributes and "Path=/" in attributes
    assert caller.get("/account").status == 200
    assert "max-age" in caller.get("/").header("strict-transport-security")


def test_a_cookie_that_may_have_come_by_http_is_not_taken_by_https(system):
    plain = signed_in(system, "vera")
    secure = Caller(system, **HTTPS)
    secure.cookies["bellwether"] = plain.session
    assert not is_inside(secure)
    planted = hidden(Caller(system).get("/login").text, "form")
    secure = Caller(system, **HTTPS)
    secure.cookies["bellwether-login"] = planted
    answer = secure.send("/login", {"form": planted, "name": "vera", "password": PASSWORD})
    assert "__Host-bellwether" not in answer.cookies


def test_nobody_learns_who_exists_by_what_a_login_answers(system):
    def refused(name: str, password: str) -> str:
        caller = Caller(system, x_forwarded_for="198.51.100.77")
        answer = caller.log_in(name, password)
        assert answer.status == 401 and "bellwether" not in answer.cookies
        return answer.alert.strip()

    kept_out = hire(system, "viewer")
    with system.database() as database:
        database.execute("UPDATE users SET disabled = 1 WHERE name = ?", (kept_out,))
    told = {
        refused("petra", "not the password"),
        refused("nobody-there", PASSWORD),
        refused(kept_out, PASSWORD),
    }
    assert told == {"The name or the password is not right."}


def test_an_address_that_guesses_is_told_to_wait_and_cannot_pretend_to_be_another(system):
    """What a client itself puts into X-Forwarded-For stands before what the trusted proxy adds, and is not believed."""
    with system.database() as database:
        database.execute(
            "INSERT INTO login_failures (key, failures, last_at) "
            "VALUES ('address:198.51.100.9', 60, '2999-01-01T00:00:00+00:00')"
        )
    for forwarded in ("198.51.100.9", "203.0.113.1, 198.51.100.9"):
        answer = Caller(system, x_forwarded_for=forwarded).log_in("vera")
        assert answer.status == 429, forwarded
        assert int(answer.header("retry-after")) > 0
    assert Caller(system, x_forwarded_for="198.51.100.10").log_in("vera").status == 303

"""Somebody who calls the console by hand: with forms, cookies and headers as they like."""

import http.client
import itertools
import json
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlencode

from conftest import PASSWORD, ROOT, System, until

STARTUP = ROOT / "crates" / "config-admin" / "src" / "startup.rs"
NUMBERS = itertools.count(1)


def routes() -> list[tuple[str, str]]:
    """Every route of the pages, as (method, path), read from where they are written down."""
    text = Path(STARTUP).read_text()
    found = re.findall(r'\.route\("([^"]+)", (get|post)\(\)', text)
    assert len(found) == text.count(".route("), "a route is written in a way that is not read here"
    return [(method.upper(), path) for path, method in found]


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    raw: bytes

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "replace")

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def location(self) -> str:
        return self.header("location")

    @property
    def cookies(self) -> dict[str, str]:
        """What is set, by name, each as the whole header."""
        set_ = [value for key, value in self.headers if key.lower() == "set-cookie"]
        return {value.split("=", 1)[0]: value for value in set_}

    @property
    def alert(self) -> str:
        found = re.search(r'role="alert"[^>]*>(.*?)</div>', self.text, re.S)
        return unescape(re.sub("<[^>]+>", " ", found.group(1))) if found else ""

    def leads_to_login(self) -> bool:
        return self.status == 303 and self.location.startswith("/login")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"the page has no field {name}"
    return unescape(found.group(1))


def value_of(cookie: str) -> str:
    return cookie.split(";")[0].split("=", 1)[1]


class Caller:
    """Keeps cookies as a browser does, and sends nothing that it was not told to send."""

    def __init__(self, system, **headers: str):
        self.system = system
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.cookies: dict[str, str] = {}
        self.name = self.role = ""
        self._csrf = None

    def call(self, method: str, path: str, body=None, headers: dict | None = None) -> Answer:
        connection = http.client.HTTPConnection(self.system.console.removeprefix("http://"), timeout=60)
        sent = dict(self.headers)
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent["content-type"] = "application/x-www-form-urlencoded"
        sent.update(headers or {})
        try:
            connection.request(
                method, path, body, {name: value for name, value in sent.items() if value is not None}
            )
            got = connection.getresponse()
            answer = Answer(got.status, got.getheaders(), got.read())
        finally:
            connection.close()
        for name, cookie in answer.cookies.items():
            self.cookies[name] = value_of(cookie)
            if not self.cookies[name]:
                del self.cookies[name]
        return answer

    def get(self, path: str, **options) -> Answer:
        return self.call("GET", path, **options)

    def send(self, path: str, fields, headers: dict | None = None) -> Answer:
        """A form as it is, without a token of ours."""
        return self.call("POST", path, urlencode(fields), headers)

    def post(self, path: str, fields: dict | None = None, headers: dict | None = None) -> Answer:
        """A form as our own page sends it."""
        return self.send(path, {"csrf": self.csrf, **(fields or {})}, headers)

    def log_in(self, name: str, password: str = PASSWORD, **fields: str) -> Answer:
        form = hidden(self.get("/login").text, "form")
        self.name, self._csrf = name, None
        return self.send("/login", {"form": form, "name": name, "password": password, **fields})

    @property
    def csrf(self) -> str:
        self._csrf = self._csrf or hidden(self.get("/account").text, "csrf")
        return self._csrf

    @property
    def session(self) -> str | None:
        return self.cookies.get("bellwether")


def signed_in(system, name: str, password: str = PASSWORD) -> Caller:
    caller = Caller(system)
    answer = caller.log_in(name, password)
    assert answer.status == 303 and caller.session, f"{name} cannot log in: {answer.status} {answer.alert}"
    with system.database() as database:
        (caller.role,) = database.execute("SELECT role FROM users WHERE name = ?", (name,)).fetchone()
    return caller


def hire(system, role: str) -> str:
    """A new person of this role with PASSWORD; answers the name."""
    name = f"{role}-{next(NUMBERS)}"
    with system.database() as database:
        database.execute(
            "INSERT INTO users (name, password_hash, role, created_at, disabled, email) "
            "SELECT ?, password_hash, ?, created_at, 0, NULL FROM users WHERE name = 'vera'",
            (name, role),
        )
    return name


def live_document(system, **changes) -> str:
    with system.database() as database:
        query = "SELECT document FROM config_version WHERE environment = 'prod' ORDER BY version DESC LIMIT 1"
        (document,) = database.execute(query).fetchone()
    return json.dumps({**json.loads(document), **changes}, ensure_ascii=False)


def fresh_cutoff() -> float:
    """One that no proposal had yet."""
    return round(0.1 + next(NUMBERS) / 10_000, 4)


def proposal_fields(system, reason: str = "Tried by hand", **changes) -> dict:
    document = live_document(system, **{"proba_cutoff": fresh_cutoff(), **changes})
    return {"mode": "json", "document": document, "base": system.live(), "reason": reason, "action": "save"}


def proposed(caller: Caller, reason: str = "Tried by hand", **changes) -> int:
    """A proposal of another cutoff; what moves clients is confirmed where that is asked."""
    fields = proposal_fields(caller.system, reason, **changes)
    answer = caller.post("/propose", fields)
    if answer.status == 409:
        answer = caller.post("/propose", {**fields, "confirmed": hidden(answer.text, "confirmed")})
    found = re.match(r"/proposals/(\d+)\?", answer.location)
    assert found, f"it is not taken: {answer.status} {answer.alert}"
    return int(found.group(1))


def proposal(system, number: int) -> tuple[str, int]:
    """A proposal's state and revision, as they are stored."""
    with system.database() as database:
        return database.execute("SELECT state, revision FROM proposals WHERE id = ?", (number,)).fetchone()


def settled(system, number: int, state: str) -> None:
    until(lambda: proposal(system, number)[0] == state, f"proposal {number} to be {state}", seconds=180)


def passed(caller: Caller, number: int) -> None:
    """Has a proposal tried in staging, where it passes."""
    caller.post(f"/proposals/{number}/try", {"revision": proposal(caller.system, number)[1]})
    at_rest(caller.system)
    assert proposal(caller.system, number)[0] == "passed"


def at_rest(system) -> None:
    """Waits until no trial and no rollout is under way."""

    def nothing_is_under_way() -> bool:
        with system.database() as database:
            query = "SELECT count(*) FROM proposals WHERE state IN ('trying', 'rolling_out')"
            return database.execute(query).fetchone() == (0,)

    until(nothing_is_under_way, "trials and rollouts to end", seconds=180)


# What people do ends up in these; what a mere look may note is left out.
TABLES = {
    "config_version": "*",
    "proposals": "*",
    "audit_log": "*",
    "users": "*",
    "golden_payloads": "*",
    "sessions": "id_hash, user, csrf, expires_at",
    "console_tokens": "id, hash, name, owner, role, expires_at, revoked_at",
}


def stored(system) -> dict[str, set]:
    """Everything that people can change, row by row."""
    rows = {}
    for environment in ("prod", "stage"):
        with system.database(environment) as database:
            for table, columns in TABLES.items():
                rows[f"{environment}.{table}"] = set(database.execute(f"SELECT {columns} FROM {table}"))
    return rows


def address(text: str) -> str:
    return quote(text, safe="")


def staffed(folder, **variables: str) -> System:
    """A system of one's own, with somebody of each role."""
    system = System(folder, **variables)
    for name, role in [("vera", "viewer"), ("edith", "editor"), ("paul", "approver"), ("petra", "approver")]:
        system.add(name, role)
    return system

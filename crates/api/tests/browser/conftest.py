"""What the model page's browser tests share: a running system with clients, and pieces of the console's tests."""

import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

CONSOLE = Path(__file__).resolve().parents[3] / "config-admin" / "tests" / "browser"
sys.path.append(str(CONSOLE))
_spec = importlib.util.spec_from_file_location("console_conftest", CONSOLE / "conftest.py")
_shared = importlib.util.module_from_spec(_spec)
sys.modules["console_conftest"] = _shared
_spec.loader.exec_module(_shared)

# The console's own pieces import these from their `conftest`.
PASSWORD, ROOT, System, until = _shared.PASSWORD, _shared.ROOT, _shared.System, _shared.until
axe, chromium = _shared.axe, _shared.chromium

from callers import Caller, proposal, proposed, signed_in  # noqa: E402

HOME = "/model_interface"
# Each could do harm where it is taken for more than text.
HOSTILE = ["<script>alert(1)</script>", "=HYPERLINK(1)", "a/b?c#d%2e", 'quote"\'onload=x', "Zoë 😀", "{{7*7}}"]
HELD_OUT = 20
# Known clients whom no other test looks at.
ASIDE = [f"aside-{number}" for number in range(40)]


class ModelPage:
    """The page of one environment's api, where the console's helpers look for the console."""

    def __init__(self, system, url: str):
        self.system, self.console = system, url

    def database(self):
        return self.system.database()


def bucket(salt: str, client: str) -> int:
    """What a client draws, by the algorithm as it is written down for others."""
    draw = hashlib.sha256(b"\0".join([salt.encode(), b"treatment", client.encode()])).digest()
    return int.from_bytes(draw[:8], "big") % 10_000


@pytest.fixture(scope="session")
def system(tmp_path_factory):
    """A system with a holdout, in which 1,000 more clients and some with hostile ids are known."""
    system = System(tmp_path_factory.mktemp("model_page"), BELLWETHER__CONFIG__POLL_SECONDS="1")
    system.add("vera", "viewer")
    with system.database() as database:
        for client in [*(f"c{number:04}" for number in range(1_000)), *ASIDE, *HOSTILE]:
            for table in ("client_features", "client_ltv"):
                names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
                rest = ", ".join(name for name in names if name != "client_id")
                copy = f"SELECT ?, {rest} FROM {table} WHERE client_id = '100001'"
                database.execute(f"INSERT INTO {table} (client_id, {rest}) {copy}", (client,))
    admin = signed_in(system, "admin", system.admin_password)
    number = proposed(admin, holdout_percentage=HELD_OUT, proba_cutoff=0.3)
    fields = {"revision": proposal(system, number)[1], "why": "The tests need a holdout", "bake_minutes": "0"}
    admin.post(f"/proposals/{number}/promote-past-staging", fields)
    until(lambda: system.predict()["config_version"] == 2, "the holdout to be live")
    yield system
    system.stop()


@pytest.fixture(scope="session")
def document(system) -> dict:
    with system.database() as database:
        query = "SELECT document FROM config_version WHERE environment = 'prod' AND version = 2"
        return json.loads(database.execute(query).fetchone()[0])


@pytest.fixture(scope="session")
def clients(document) -> dict[str, list[str]]:
    """Sample clients: those who get a score, and those who are held out."""
    all_ = [str(client) for client in range(100_001, 100_101)]
    held = [client for client in all_ if bucket(document["experiment_salt"], client) < HELD_OUT * 100]
    return {"scored": [client for client in all_ if client not in held], "held_out": held}


@pytest.fixture(scope="session")
def aside(document):
    """Clients who get a score, each handed out once."""
    salt = document["experiment_salt"]
    return iter([client for client in ASIDE if bucket(salt, client) >= HELD_OUT * 100])


def logged(system, client: str) -> list[str]:
    """What the log has of a client, as JSON, once it has everything that was answered before now."""
    last = system.predict("the last so far")["uid"]
    with system.database() as database:
        there = "SELECT count(*) FROM model_logs WHERE uid = ?"
        until(lambda: database.execute(there, (last,)).fetchone() == (1,), "the log to be complete")
        query = "SELECT input_output_payloads FROM model_logs WHERE client_id = ?"
        return [row[0] for row in database.execute(query, (client,))]


@pytest.fixture(scope="session")
def model_page(system):
    return ModelPage(system, system.api)


class Visitor(_shared.Visitor):
    """One person's browser, on the model page."""

    def log_in(self, path: str = HOME):
        self.page.goto(path)
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password").fill(self.password)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("button", name="Log out")).to_be_visible()
        return self.page


@pytest.fixture
def visit(chromium, model_page):
    """Opens a browser for a person, logged in, with options of Playwright's contexts."""
    visitors = []

    def open_for(name: str = "vera", log_in: bool = True, **options):
        visitor = Visitor(chromium, model_page, name, **options)
        visitors.append(visitor)
        if log_in:
            visitor.log_in()
        return visitor.page

    yield open_for
    for visitor in visitors:
        visitor.close()


class PageCaller(Caller):
    """Calls the model page by hand."""

    @property
    def csrf(self) -> str:
        from callers import hidden

        self._csrf = self._csrf or hidden(self.get(HOME).text, "csrf")
        return self._csrf

    @property
    def session(self) -> str | None:
        return self.cookies.get("bellwether-model-prod")


@pytest.fixture
def vera(model_page):
    caller = PageCaller(model_page)
    assert caller.log_in("vera").status == 303
    return caller


def look_up(page, ids: str) -> None:
    page.goto(HOME)
    page.get_by_label("Client ids").fill(ids)
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.locator("#result")).to_be_visible()

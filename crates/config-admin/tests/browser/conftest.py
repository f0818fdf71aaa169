"""What the browser tests share: a running system, people, and a Chromium that loads nothing from elsewhere."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[4]
PROGRAMS = Path(os.environ.get("BELLWETHER_PROGRAMS", ROOT / "target" / "debug"))
CHROMIUM = os.environ.get("BELLWETHER_CHROMIUM", "/usr/bin/chromium")
PASSWORD = "correct horse battery"
# A trial computes the shares of 1,000,000 ids; a debug build takes its time.
TRIAL_MS = 180_000

expect.set_options(timeout=15_000)


class System:
    """`bellwether up` in a folder of its own, on free ports."""

    def __init__(self, folder: Path, **variables: str):
        self.data = folder / "data"
        self.log = open(folder / "up.log", "wb")
        command = [PROGRAMS / "bellwether", "up", "--port", "0", "--stage-port", "0", "--admin-port", "0"]
        self.process = subprocess.Popen(
            [*command, "--data-dir", self.data],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            cwd=ROOT,
            env={**os.environ, **variables},
        )
        self.printed = ""
        while "curl " not in self.printed:
            line = self.process.stdout.readline()
            assert line, f"it did not come up; it printed:\n{self.printed}"
            self.printed += line
        self.api = self._address("api (prod)")
        self.stage = self._address("api (stage)")
        self.console = self._address("console")
        found = re.search(r"password (\S+)", self.printed)
        self.admin_password = found.group(1) if found else None

    def _address(self, label: str) -> str:
        line = next(line for line in self.printed.splitlines() if label in line)
        return re.search(r"http://\S+", line).group(0)

    def add(self, name: str, role: str, email: str | None = None) -> None:
        """Adds a person with PASSWORD by the command line."""
        command = [PROGRAMS / "bellwether", "user", "add", name, "--role", role, "--data-dir", self.data]
        command += ["--email", email] if email else []
        subprocess.run(command, input=PASSWORD + "\n", text=True, check=True, capture_output=True)

    def predict(self, client: str = "100001", **fields) -> dict:
        body = json.dumps({"client_id": client, "xp_points": 18.2, "acquired_date": "2015-06-09", **fields})
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.api}/predict", body.encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def database(self, environment: str = "prod") -> sqlite3.Connection:
        return sqlite3.connect(self.data / environment / "bellwether.sqlite", timeout=30)

    def live(self, environment: str = "prod") -> int:
        with self.database(environment) as database:
            return database.execute("SELECT max(version) FROM config_version").fetchone()[0]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.log.close()


def until(condition, what: str, seconds: float = 30):
    """Asks again and again until `condition` answers something true, which is answered."""
    deadline = time.monotonic() + seconds
    while True:
        outcome = condition()
        if outcome:
            return outcome
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def system(tmp_path_factory):
    system = System(tmp_path_factory.mktemp("system"))
    for name, role in [("vera", "viewer"), ("edith", "editor"), ("edgar", "editor"), ("paul", "approver")]:
        system.add(name, role)
    yield system
    system.stop()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield browser
        browser.close()


class Visitor:
    """One person's browser."""

    def __init__(self, chromium, system, name: str, password: str = PASSWORD, **options):
        self.system, self.name, self.password = system, name, password
        self.context = chromium.new_context(base_url=system.console, **options)
        self.page = self.context.new_page()
        self.elsewhere: list[str] = []
        self.page.on("request", self._note)

    def _note(self, request):
        if not request.url.startswith((self.system.console, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def log_in(self, path: str = "/"):
        self.page.goto(path)
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password").fill(self.password)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("link", name=self.name, exact=True)).to_be_visible()
        return self.page

    def close(self):
        assert not self.elsewhere, f"loaded from elsewhere: {self.elsewhere}"
        self.context.close()


@pytest.fixture
def visit(chromium, system):
    """Opens a browser for a person, logged in: `visit("edith")`, with options of Playwright's contexts."""
    visitors = []

    def open_for(name: str, password: str = PASSWORD, log_in: bool = True, **options):
        visitor = Visitor(chromium, system, name, password, **options)
        visitors.append(visitor)
        if log_in:
            visitor.log_in()
        return visitor.page

    yield open_for
    for visitor in visitors:
        visitor.close()


@pytest.fixture(scope="session")
def axe():
    return Axe()


def propose(page, cutoff: str, reason: str) -> int:
    """Proposes another cutoff by the form; answers the proposal's number."""
    page.goto("/propose")
    page.get_by_label("Cutoff", exact=True).fill(cutoff)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Save the proposal").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Proposal ")
    return int(re.search(r"/proposals/(\d+)", page.url).group(1))


def state(page, is_now: str, timeout: float = TRIAL_MS) -> None:
    """Waits until the proposal on the page is in a state."""
    expect(page.locator("#proposal-state")).to_have_attribute("data-state", is_now, timeout=timeout)


def try_in_staging(page) -> None:
    page.get_by_role("button", name=re.compile("Try it in staging")).click()
    state(page, "passed")


def promote(page, minutes: str = "0") -> None:
    page.get_by_label("Watch it for, in minutes").fill(minutes)
    page.get_by_role("button", name="Promote", exact=True).click()

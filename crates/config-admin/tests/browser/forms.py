"""Every form that the console takes, each as one of its own pages would send it, so that it changes something."""

import re

from callers import NUMBERS, at_rest, hire, passed, proposal, proposal_fields, proposed, signed_in
from conftest import PASSWORD


class Desk:
    """Lays out what a form needs: a proposal, a person, a token."""

    def __init__(self, system):
        self.system = system
        self.edith = signed_in(system, "edith")
        self.admin = signed_in(system, "admin", system.admin_password)

    def open_proposal(self) -> int:
        return proposed(self.edith)

    def step(self, step: str, number: int | None = None, **fields) -> tuple[str, dict]:
        number = number or self.open_proposal()
        return f"/proposals/{number}/{step}", {"revision": proposal(self.system, number)[1], **fields}

    def lay_out(self, path: str, actor) -> tuple[str, dict]:
        """A form for `actor` (a Caller): where it goes, and its fields without a token."""
        at_rest(self.system)
        name = "to_" + re.sub(r"[/-]", "_", re.sub(r"[{}]", "", path.strip("/")))
        return getattr(self, name)(actor)

    def to_logout(self, _):
        return "/logout", {}

    def to_propose(self, _):
        return "/propose", proposal_fields(self.system)

    def to_proposals_id_edit(self, _):
        path, fields = self.step("edit")
        return path, {**fields, **proposal_fields(self.system)}

    def to_proposals_id_try(self, _):
        return self.step("try")

    def to_proposals_id_approve(self, _):
        return self.step("approve")

    def to_proposals_id_promote(self, _):
        number = self.open_proposal()
        passed(self.edith, number)
        return self.step("promote", number, bake_minutes="0")

    def to_proposals_id_promote_past_staging(self, _):
        return self.step("promote-past-staging", why="It cannot wait", bake_minutes="0")

    def to_proposals_id_withdraw(self, actor):
        return self.step("withdraw", proposed(actor) if actor.role == "editor" else None)

    def to_history_prod_version_revert(self, _):
        while self.system.live() < 2:
            path, fields = self.to_proposals_id_promote_past_staging(None)
            self.admin.post(path, fields)
            at_rest(self.system)
        return f"/history/prod/{self.system.live() - 1}/revert", {"reason": "Back again"}

    def to_payloads(self, _):
        return "/payloads", {
            "name": f"payload {next(NUMBERS)}",
            "payload": '{"xp_points": 3}',
            "expected": "",
        }

    def to_payloads_delete(self, _):
        _, fields = self.to_payloads(None)
        self.edith.post("/payloads", fields)
        return "/payloads/delete", {"name": fields["name"]}

    def to_people(self, _):
        name = f"newcomer-{next(NUMBERS)}"
        return "/people", {"name": name, "email": "", "role": "admin", "new_password": PASSWORD}

    def to_people_role(self, _):
        return "/people/role", {"name": hire(self.system, "viewer"), "role": "admin"}

    def to_people_disabled(self, _):
        return "/people/disabled", {"name": hire(self.system, "viewer"), "disabled": "yes"}

    def to_people_sessions(self, _):
        name = hire(self.system, "viewer")
        signed_in(self.system, name)
        return "/people/sessions", {"name": name}

    def to_people_tokens(self, _):
        name = hire(self.system, "viewer")
        path, fields = self.to_account_tokens(None)
        signed_in(self.system, name).post(path, fields)
        with self.system.database() as database:
            (token,) = database.execute("SELECT id FROM console_tokens WHERE owner = ?", (name,)).fetchone()
        return "/people/tokens", {"name": name, "id": token}

    def to_replicas_forget(self, _):
        """A replica of staging that has not been heard of for years: it keeps no change from anything."""
        name, long_ago = f"gone-{next(NUMBERS)}", "2020-01-01T00:00:00+00:00"
        with self.system.database("stage") as database:
            row = ("stage", name, "{}", long_ago, long_ago)
            columns = "environment, replica, bundles, started_at, at"
            database.execute(f"INSERT INTO replicas ({columns}) VALUES (?, ?, ?, ?, ?)", row)
        return "/replicas/forget", {"environment": "stage", "name": name}

    def to_account_email(self, _):
        return "/account/email", {"email": f"somebody-{next(NUMBERS)}@example.org"}

    def to_account_password(self, _):
        return "/account/password", {"password": PASSWORD, "new_password": f"another horse {next(NUMBERS)}"}

    def to_account_sessions_end(self, actor):
        signed_in(self.system, actor.name)
        with self.system.database() as database:
            query = "SELECT id_hash FROM sessions WHERE user = ? ORDER BY created_at DESC LIMIT 1"
            (session,) = database.execute(query, (actor.name,)).fetchone()
        return "/account/sessions/end", {"session": session}

    def to_account_tokens(self, _):
        return "/account/tokens", {"name": f"pipeline {next(NUMBERS)}", "role": "viewer", "days": "3"}

    def to_account_tokens_revoke(self, actor):
        actor.post("/account/tokens", self.to_account_tokens(None)[1])
        with self.system.database() as database:
            query = "SELECT id FROM console_tokens WHERE owner = ? ORDER BY created_at DESC LIMIT 1"
            (token,) = database.execute(query, (actor.name,)).fetchone()
        return "/account/tokens/revoke", {"id": token}


def somebody(system, role: str):
    """A new person of this role, logged in."""
    return signed_in(system, hire(system, role))

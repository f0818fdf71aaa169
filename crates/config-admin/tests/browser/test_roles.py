"""Rights: every route asks for the least role that is written here, a role that is taken away counts at once, and two
people are two people."""

import pytest

from callers import (
    Caller,
    at_rest,
    hire,
    passed,
    proposal,
    proposal_fields,
    proposed,
    routes,
    signed_in,
    staffed,
    stored,
)
from forms import Desk, somebody

ROLES = ["viewer", "editor", "approver", "admin"]
# The least role of every route; none where nobody has to be logged in.
LEAST = {
    ("GET", "/health"): None,
    ("GET", "/ready"): None,
    ("GET", "/metrics"): None,
    ("GET", "/assets/console.css"): None,
    ("GET", "/assets/console.js"): None,
    ("GET", "/assets/icon.svg"): None,
    ("GET", "/login"): None,
    ("POST", "/login"): None,
    ("POST", "/logout"): "viewer",
    ("GET", "/"): "viewer",
    ("GET", "/propose"): "editor",
    ("POST", "/propose"): "editor",
    ("GET", "/proposals"): "viewer",
    ("GET", "/proposals/{id}"): "viewer",
    ("GET", "/proposals/{id}/edit"): "editor",
    ("POST", "/proposals/{id}/edit"): "editor",
    ("POST", "/proposals/{id}/try"): "editor",
    ("POST", "/proposals/{id}/approve"): "approver",
    ("POST", "/proposals/{id}/promote"): "approver",
    ("POST", "/proposals/{id}/promote-past-staging"): "admin",
    ("POST", "/proposals/{id}/withdraw"): "editor",
    ("GET", "/history"): "viewer",
    ("GET", "/history.csv"): "viewer",
    ("GET", "/history.json"): "viewer",
    ("GET", "/history/{environment}/{version}"): "viewer",
    ("POST", "/history/prod/{version}/revert"): "approver",
    ("GET", "/drift"): "viewer",
    ("GET", "/experiments"): "viewer",
    ("GET", "/experiments/{environment}/{salt}"): "viewer",
    ("GET", "/payloads"): "viewer",
    ("POST", "/payloads"): "editor",
    ("POST", "/payloads/delete"): "editor",
    ("GET", "/people"): "admin",
    ("POST", "/people"): "admin",
    ("POST", "/people/role"): "admin",
    ("POST", "/people/disabled"): "admin",
    ("POST", "/people/sessions"): "admin",
    ("POST", "/people/tokens"): "admin",
    ("POST", "/replicas/forget"): "approver",
    ("GET", "/account"): "viewer",
    ("POST", "/account/email"): "viewer",
    ("POST", "/account/password"): "viewer",
    ("POST", "/account/sessions/end"): "viewer",
    ("POST", "/account/tokens"): "viewer",
    ("POST", "/account/tokens/revoke"): "viewer",
    ("GET", "/audit"): "viewer",
    ("GET", "/audit.csv"): "viewer",
    ("GET", "/audit.json"): "viewer",
}
LOOKS = [path for method, path in LEAST if method == "GET"]
FORMS = [path for method, path in LEAST if method == "POST" and path != "/login"]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    system = staffed(tmp_path_factory.mktemp("roles"))
    yield system
    system.stop()


@pytest.fixture(scope="module")
def desk(system):
    return Desk(system)


@pytest.fixture(scope="module")
def people(system):
    return {role: somebody(system, role) for role in ROLES}


def test_the_least_role_of_every_route_is_written_here():
    assert set(LEAST) == set(routes())


@pytest.mark.parametrize("path", LOOKS)
def test_a_page_is_shown_to_those_who_have_the_role(system, desk, people, path):
    least = LEAST["GET", path]
    here = path.replace("{environment}", "prod").replace("{version}", "1")
    here = here.replace("{salt}", "bellwether")
    here = here.replace("{id}", str(desk.open_proposal()) if "{id}" in here else "")
    nobody = Caller(system).get(here)
    if least is None:
        assert nobody.status == 200
        return
    assert nobody.leads_to_login()
    for role, caller in people.items():
        answer = caller.get(here)
        if ROLES.index(role) < ROLES.index(least):
            assert answer.status == 403, f"{here} for {role}"
            assert "You may not do this" in answer.text
        else:
            assert answer.status == 200, f"{here} for {role}"


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_taken_from_those_who_have_the_role(system, desk, people, path):
    least = LEAST["POST", path]
    actor = somebody(system, least)
    here, fields = desk.lay_out(path, actor)
    before = stored(system)
    answer = Caller(system).send(here, fields)
    assert answer.status == 401 or answer.leads_to_login()
    for role in ROLES[: ROLES.index(least)]:
        answer = people[role].post(here, fields)
        assert answer.status == 403, f"{here} for {role}: {answer.status}"
    assert stored(system) == before
    answer = actor.post(here, fields)
    assert answer.status in (200, 303), f"{here} for {least}: {answer.status} {answer.alert}"
    assert stored(system) != before


def test_a_role_that_is_taken_away_counts_at_once(system, desk):
    # By an admin on the page: the sessions end with it.
    demoted = somebody(system, "editor")
    assert demoted.post("/propose", proposal_fields(system)).status == 303
    assert desk.admin.post("/people/role", {"name": demoted.name, "role": "viewer"}).status == 303
    assert demoted.get("/propose").leads_to_login()
    again = signed_in(system, demoted.name)
    assert again.post("/propose", proposal_fields(system)).status == 403
    # By whatever else: the session stays, and the right is gone.
    for was, now, path in [("admin", "approver", "/people"), ("editor", "viewer", "/propose")]:
        demoted = somebody(system, was)
        assert demoted.get(path).status == 200
        here, fields = desk.lay_out(path, demoted)
        with system.database() as database:
            database.execute("UPDATE users SET role = ? WHERE name = ?", (now, demoted.name))
        before = stored(system)
        assert demoted.get(path).status == 403
        assert demoted.post(here, fields).status == 403
        assert stored(system) == before


def test_a_token_does_no_more_than_its_owner_may_and_is_made_for_no_more(system):
    editor = somebody(system, "editor")
    before = stored(system)
    for role in ("approver", "admin", "root", "", "EDITOR"):
        answer = editor.post("/account/tokens", {"name": "more", "role": role, "days": "3"})
        assert answer.status in (403, 422), role
    for days in ("0", "367", "-1", "1e9", "soon", "99999999999999999999"):
        assert (
            editor.post("/account/tokens", {"name": "long", "role": "viewer", "days": days}).status == 422
        ), days
    assert stored(system) == before


def test_nobody_changes_their_own_role_or_keeps_themselves_out(system, desk):
    for role in ROLES:
        caller = somebody(system, role)
        before = stored(system)
        for path, fields in [
            ("/people/role", {"name": caller.name, "role": "admin" if role != "admin" else "viewer"}),
            ("/people/disabled", {"name": caller.name, "disabled": "yes"}),
            ("/people/sessions", {"name": caller.name}),
        ]:
            assert caller.post(path, fields).status == 403, f"{path} by {role}"
        assert stored(system) == before


def test_nobody_ends_the_sessions_or_tokens_of_others_or_gives_up_their_proposals(system, desk):
    owner, other = somebody(system, "editor"), somebody(system, "editor")
    paths = [desk.to_account_sessions_end(owner), desk.to_account_tokens_revoke(owner)]
    number = proposed(owner)
    paths.append((f"/proposals/{number}/withdraw", {"revision": 1}))
    before = stored(system)
    for path, fields in paths:
        answer = other.post(path, fields)
        assert answer.status in (403, 404) or answer.location.endswith("done=unchanged"), path
        assert stored(system) == before, path


def test_fields_that_no_page_of_ours_has_are_not_looked_at(system):
    """Who proposes, approves or logs in is whoever's session it is, whatever a form says."""
    editor = somebody(system, "editor")
    smuggled = {
        "author": "paul",
        "actor": "paul",
        "role": "admin",
        "approval": "paul",
        "state": "passed",
        "emergency": "yes",
        "edited_by": "paul",
        "id": "1",
    }
    answer = editor.post("/propose", {**proposal_fields(system), **smuggled})
    assert answer.status == 303
    number = int(answer.location.split("/")[2].split("?")[0])
    with system.database() as database:
        state, author, passed_, content = database.execute(
            "SELECT state, author, passed, content FROM proposals WHERE id = ?", (number,)
        ).fetchone()
    assert (state, author, passed_) == ("proposed", editor.name, 0)
    assert "paul" not in content
    answer = editor.post("/account/email", {"email": "e@example.org", "name": "paul", "role": "admin"})
    assert answer.status == 303
    with system.database() as database:
        assert database.execute("SELECT email FROM users WHERE name = 'paul'").fetchone() == (None,)
        role = database.execute("SELECT role FROM users WHERE name = ?", (editor.name,)).fetchone()
    assert role == ("editor",)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A system in which a second person has to agree."""
    system = staffed(tmp_path_factory.mktemp("pair"), BELLWETHER__CONSOLE__APPROVAL="two_person")
    yield system
    system.stop()


def act(caller: Caller, number: int, step: str, **fields):
    revision = proposal(caller.system, number)[1]
    return caller.post(f"/proposals/{number}/{step}", {"revision": revision, **fields})


def edit(caller: Caller, number: int):
    return act(caller, number, "edit", **proposal_fields(caller.system))


def test_one_cannot_approve_what_one_proposed_or_edited(pair):
    paul, petra, edith = (signed_in(pair, name) for name in ("paul", "petra", "edith"))
    number = proposed(paul)
    before = stored(pair)
    answer = act(paul, number, "approve")
    assert answer.status == 403 and "somebody else has to approve it" in answer.alert
    assert f'action="/proposals/{number}/approve"' not in paul.get(f"/proposals/{number}").text
    assert f'action="/proposals/{number}/approve"' in petra.get(f"/proposals/{number}").text
    assert act(edith, number, "approve").status == 403, "an editor is no approver"
    assert stored(pair) == before
    # Whoever edited it last has a hand in it, too.
    assert edit(petra, number).status == 303
    assert act(petra, number, "approve").status == 403
    assert act(paul, number, "approve").status == 403
    assert proposal(pair, number)[0] == "proposed"


def test_what_passed_is_not_promoted_before_a_second_person_approves(pair):
    paul, petra = signed_in(pair, "paul"), signed_in(pair, "petra")
    admin = signed_in(pair, "admin", pair.admin_password)
    live = pair.live()
    number = proposed(paul)
    passed(paul, number)
    for caller in (paul, petra, admin):
        answer = act(caller, number, "promote", bake_minutes="0")
        assert answer.status == 409 and "has to approve it first" in answer.alert
    answer = act(admin, number, "promote-past-staging", why="In a hurry", bake_minutes="0")
    assert answer.status == 409, "the way past staging does not lead past the second person"
    assert pair.live() == live
    assert act(petra, number, "approve").location.endswith("done=approved")
    # An edit voids the approval, the trial, and with them the promotion.
    assert edit(paul, number).status == 303
    answer = act(petra, number, "promote", bake_minutes="0")
    assert answer.status == 409
    assert proposal(pair, number)[0] == "proposed"
    passed(paul, number)
    answer = act(petra, number, "promote", bake_minutes="0")
    assert answer.status == 409 and "has to approve it first" in answer.alert
    assert pair.live() == live
    # An approval of a revision that is no longer the last is none.
    stale = petra.post(f"/proposals/{number}/approve", {"revision": 1})
    assert stale.location.endswith("done=overtaken")
    assert act(petra, number, "promote", bake_minutes="0").status == 409
    assert act(petra, number, "approve").location.endswith("done=approved")
    assert act(paul, number, "promote", bake_minutes="0").location.endswith("done=promoted")
    at_rest(pair)
    assert proposal(pair, number)[0] == "done"
    assert pair.live() == live + 1


def test_an_approval_counts_for_one_edit_by_whomever(pair):
    """An approver who edits after an approval cannot carry the other's approval along."""
    paul, petra, edith = (signed_in(pair, name) for name in ("paul", "petra", "edith"))
    number = proposed(edith)
    assert act(paul, number, "approve").status == 303
    assert edit(petra, number).status == 303
    passed(edith, number)
    assert act(petra, number, "promote", bake_minutes="0").status == 409
    assert act(edith, number, "approve").status == 403
    assert act(paul, number, "approve").status == 303
    assert act(petra, number, "promote", bake_minutes="0").status == 303
    at_rest(pair)


def test_a_revert_needs_a_second_person_too(pair):
    paul, petra = signed_in(pair, "paul"), signed_in(pair, "petra")
    admin = signed_in(pair, "admin", pair.admin_password)
    if pair.live() < 2:
        number = proposed(paul)
        assert act(petra, number, "approve").status == 303
        assert act(admin, number, "promote-past-staging", why="For the test", bake_minutes="0").status == 303
        at_rest(pair)
    live = pair.live()
    answer = paul.post(f"/history/prod/{live - 1}/revert", {"reason": "Back again"})
    number = int(answer.location.split("/")[2].split("?")[0])
    if proposal(pair, number)[0] == "proposed":
        passed(paul, number)
    assert act(paul, number, "promote", bake_minutes="0").status == 409
    assert act(paul, number, "approve").status == 403
    assert pair.live() == live


@pytest.mark.parametrize("loss", ["disabled = 1", "role = 'editor'"])
def test_an_approval_does_not_outlive_the_right_to_approve(pair, loss):
    edith, paul = signed_in(pair, "edith"), signed_in(pair, "paul")
    leaver = signed_in(pair, hire(pair, "approver"))
    number, live = proposed(edith), pair.live()
    passed(edith, number)
    assert act(leaver, number, "approve").status == 303
    with pair.database() as database:
        database.execute(f"UPDATE users SET {loss} WHERE name = ?", (leaver.name,))
    answer = act(paul, number, "promote", bake_minutes="0")
    at_rest(pair)
    assert answer.status == 409
    assert pair.live() == live


def test_one_who_edited_does_not_approve_their_own_change_after_another_edit_of_its_reason(pair):
    edith, petra = signed_in(pair, "edith"), signed_in(pair, "petra")
    number, live = proposed(edith), pair.live()
    fields = proposal_fields(pair)
    assert act(petra, number, "edit", **fields).status == 303
    assert act(edith, number, "edit", **{**fields, "reason": "Only the reason is another"}).status == 303
    passed(edith, number)
    answer = act(petra, number, "approve")
    assert answer.status == 403, "the document is petra's own"
    assert pair.live() == live

"""One client's page: the score, why, what if, what is known, and what was predicted before; and the list of those at
risk."""

import csv
import io
import re

import pytest
from conftest import HOME, logged, look_up, until
from playwright.sync_api import expect


def open_client(page, client: str):
    page.goto(f"{HOME}/clients/{client}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Client {client}")


def score(page) -> float:
    return float(page.locator("#answer .score strong").inner_text().removesuffix(" %"))


def points(page) -> list[float]:
    """Every push on the page, the folded ones too."""
    texts = page.locator("table.why td.number").all_text_contents()
    return [float(re.match(r"\s*([+−]?[\d.]+)", text).group(1).replace("−", "-")) for text in texts]


def test_the_reasons_are_bars_with_their_error_and_add_up_to_the_score(visit, clients):
    page = visit()
    open_client(page, clients["scored"][0])
    found = re.search(r"score ([\d.]+) % on average.*moves that to ([\d.]+) %", page.locator("#answer").inner_text())
    base, moved_to = float(found.group(1)), float(found.group(2))
    assert moved_to == pytest.approx(score(page), abs=0.05)
    pushes = points(page)
    assert len(pushes) > 20
    assert base + sum(pushes) == pytest.approx(moved_to, abs=0.05 * len(pushes)), "to rounding"
    assert abs(pushes[0]) == max(map(abs, pushes)), "the largest first"
    bars = page.locator("svg.bar")
    assert bars.count() == len(pushes)
    assert bars.first.locator("line.give").count() == 3, "each with its error"
    assert page.locator("table.why td.number").first.text_content().count("±") == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_what_if_changes_score_and_reasons_and_saves_nothing(system, visit, aside, scripts):
    page = visit(java_script_enabled=scripts)
    client = next(aside)
    open_client(page, client)
    before, reasons = score(page), points(page)
    with system.database() as database:
        query = "SELECT features FROM client_features WHERE client_id = ?"
        features = database.execute(query, (client,)).fetchone()
    page.get_by_label("propensity_score").fill("0.95")
    if not scripts:
        page.get_by_role("button", name="Ask with these values").click()
    expect(page.locator("#answer")).to_contain_text("with the values that you changed")
    expect(page.locator("#answer .notice strong")).to_have_text(f"{before} %")
    assert score(page) != before and points(page) != reasons
    expect(page.locator("#what-if")).to_contain_text("changed")
    with system.database() as database:
        assert database.execute(query, (client,)).fetchone() == features
    assert len(logged(system, client)) == 1, "only the look was written down"
    page.get_by_role("link", name="Back to what is stored").click()
    assert score(page) == before


@pytest.mark.parametrize("scripts", [True, False])
def test_a_value_that_cannot_be_taken_is_marked_and_kept(visit, clients, scripts):
    page = visit(java_script_enabled=scripts)
    open_client(page, clients["scored"][2])
    field = page.get_by_label("xp_points")
    field.fill("<b>many</b>")
    if not scripts:
        page.get_by_role("button", name="Ask with these values").click()
    expect(page.get_by_role("alert")).to_contain_text("marked below")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("<b>many</b>")
    expect(page.locator("#what-if .error")).to_contain_text("expected a number")


def test_who_is_held_out_has_no_score_no_reasons_and_no_what_if(visit, clients):
    page = visit()
    open_client(page, clients["held_out"][0])
    expect(page.locator("#answer")).to_contain_text("held out")
    assert "%" not in page.locator("#answer").inner_text()
    expect(page.locator("table.why")).to_have_count(0)
    expect(page.locator("#what-if")).to_have_count(0)


def test_a_page_has_what_is_known_and_what_was_predicted_before(system, visit, clients):
    client = clients["scored"][3]
    answer = system.predict(client)
    page = visit()

    def in_history() -> bool:
        open_client(page, client)
        return page.locator("caption:has-text('newest predictions') ~ tbody tr").count() >= 1

    until(in_history, "the prediction to be in the history")
    table = page.locator("table:has(caption:has-text('newest predictions'))")
    expect(table).to_contain_text(f"{answer['prediction'] * 100:.1f} %")
    expect(page.locator("dl.known")).to_contain_text("acquired_date")


def test_an_unknown_client_is_told_so(visit):
    page = visit()
    answer = page.goto(f"{HOME}/clients/nobody%3Cb%3E")
    assert answer.status == 404
    expect(page.get_by_role("alert")).to_contain_text("client_id_not_found")
    expect(page.get_by_role("alert")).to_contain_text("nobody<b>")


def test_those_at_risk_are_listed_by_what_is_at_stake_and_saved(visit, clients):
    page = visit()
    look_up(page, " ".join([*clients["scored"], *clients["held_out"]]))
    high = page.locator("table.sortable tbody tr:has(.badge.bad) th").all_inner_texts()
    assert high, "the cutoff is low enough for some"

    def listed() -> list[str]:
        page.goto(f"{HOME}/flagged")
        return page.locator("tbody th").all_inner_texts()

    until(lambda: set(high) <= set(listed()), "everyone of high risk to be listed")
    assert not set(clients["held_out"]) & set(listed())
    at_risk = page.locator("tbody td:nth-child(2)").all_inner_texts()
    amounts = [float(re.sub(r"[^\d.]", "", amount)) for amount in at_risk]
    assert amounts == sorted(amounts, reverse=True)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download as CSV").click()
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    assert [row["client_id"] for row in rows][: len(at_risk)] == page.locator("tbody th").all_inner_texts()

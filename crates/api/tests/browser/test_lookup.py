"""Clients are looked up: pasted or as a file, a table that sorts and is saved, and what is refused is refused kindly."""

import csv
import io
import json

import pytest
from conftest import HOSTILE, logged, look_up
from playwright.sync_api import expect


def first_column(page) -> list[str]:
    return page.locator("table.sortable tbody th").all_inner_texts()


def test_a_table_tells_score_risk_value_and_treatment_and_who_is_unknown_or_held_out(system, visit, clients):
    page = visit()
    scored, held_out = clients["scored"][0], clients["held_out"][0]
    look_up(page, f"{scored}, {held_out}\nnobody {scored}")
    assert first_column(page) == [scored, held_out, "nobody"], "each once, in the order given"
    row = page.locator("tbody tr").nth(0)
    answer = system.predict(scored, **stored_features(system, scored))
    expect(row).to_contain_text(f"{answer['prediction'] * 100:.1f} %")
    assert (row.get_by_text("high risk").count() == 1) == (answer["high_risk"] == "yes")
    expect(row).to_contain_text(f"{answer['ltv']:.2f}")
    expect(row).to_contain_text(answer["model"])
    held = page.locator("tbody tr").nth(1)
    expect(held).to_contain_text("held out")
    assert "%" not in held.inner_text(), "a client who is held out gets no score"
    expect(page.locator("tbody tr").nth(2)).to_contain_text("client_id_not_found")
    expect(page.locator("#result")).to_contain_text("3 clients")


def stored_features(system, client: str) -> dict:
    with system.database() as database:
        query = "SELECT features FROM client_features WHERE client_id = ?"
        return json.loads(database.execute(query, (client,)).fetchone()[0])


@pytest.mark.parametrize("scripts", [True, False])
def test_headings_sort_either_way(visit, clients, scripts):
    page = visit(java_script_enabled=scripts)
    look_up(page, " ".join(clients["scored"][:12]) + " nobody")

    def sort_by(name: str) -> list[float]:
        page.locator("thead").get_by_role("button", name=name).click()
        expect(page.locator(f"th[aria-sort]:has-text('{name}')")).to_be_visible()
        texts = page.locator("tbody td:nth-child(2)").all_inner_texts()
        assert "not_found" in texts[-1], "those without a score come last"
        return [float(text.split(" %")[0]) for text in texts[:-1]]

    falling = sort_by("Likely to leave")
    assert falling == sorted(falling, reverse=True) and len(set(falling)) > 1
    expect(page.locator("th[aria-sort=descending]")).to_have_count(1)
    page.locator("thead").get_by_role("button", name="Likely to leave").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    rising = [float(t.split(" %")[0]) for t in page.locator("tbody td:nth-child(2)").all_inner_texts()[:-1]]
    assert rising == sorted(falling)


def test_a_table_is_saved_as_it_is_shown_and_no_id_becomes_a_formula(system, visit):
    page = visit()
    look_up(page, "100001 =1+1 +2 -3 @x")
    before = len(logged(system, "100001"))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download as CSV").click()
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    assert [row["client_id"] for row in rows] == ["100001", "'=1+1", "'+2", "'-3", "'@x"]
    assert [row["status"] for row in rows][1:] == ["client_id_not_found"] * 4
    assert len(logged(system, "100001")) == before, "saving predicts nobody anew"


def test_a_file_is_looked_up_by_its_column(visit, tmp_path):
    page = visit(java_script_enabled=False)
    file = tmp_path / "clients.csv"
    file.write_text("name,client_id\nAda,100001\nEve,100002\n")
    page.get_by_label("Or a CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload and look up").click()
    assert first_column(page) == ["100001", "100002"]
    file.write_bytes(b"\xff\xfe\x00 no text")
    page.get_by_label("Or a CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload and look up").click()
    expect(page.get_by_role("alert")).to_contain_text("CSV UTF-8")


def test_a_thousand_ids_are_looked_up_and_one_more_is_refused_kindly(visit):
    page = visit()
    ids = [f"c{number:04}" for number in range(1_000)]
    look_up(page, ",".join(ids))
    expect(page.locator("table.sortable tbody tr")).to_have_count(1_000)
    expect(page.locator("#result")).to_contain_text("1000 clients")
    page.get_by_label("Client ids").fill("\n".join([*ids, "one-more"]))
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("1001 client ids")
    assert "one-more" in page.get_by_label("Client ids").input_value(), "nothing of what was pasted is lost"


@pytest.mark.parametrize("way", ["a paste", "a paste without scripts", "a file"])
def test_ten_megabytes_are_refused_kindly(visit, tmp_path, way):
    page = visit(java_script_enabled=way != "a paste without scripts")
    if way != "a file":
        page.evaluate("document.getElementById('ids').value = '1234567890,'.repeat(950000)")
        page.get_by_role("button", name="Look up", exact=True).click()
    else:
        file = tmp_path / "large.csv"
        file.write_text("1234567890\n" * 950_000)
        page.get_by_label("Or a CSV file").set_input_files(file)
        page.get_by_role("button", name="Upload and look up").click()
    expect(page.get_by_role("alert")).to_contain_text("too large")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was looked up")
    expect(page.get_by_label("Client ids")).to_be_visible()


def test_an_empty_form_says_what_to_do(visit):
    page = visit()
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("at least one client id")


def test_hostile_ids_are_shown_as_text_and_lead_to_their_own_page(visit, tmp_path):
    page = visit()
    alerts = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    file = tmp_path / "hostile.csv"
    rows = [f'"{client.replace(chr(34), chr(34) * 2)}"' for client in [*HOSTILE, "<img src=x onerror=alert(2)>"]]
    file.write_text("client_id\n" + "\n".join(rows) + "\n")
    page.get_by_label("Or a CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload and look up").click()
    assert first_column(page) == [*HOSTILE, "<img src=x onerror=alert(2)>"]
    links = page.locator("table.sortable tbody th a")
    paths = [links.nth(number).get_attribute("href") for number in range(links.count())]
    assert len(paths) == len(HOSTILE)
    for client, path in zip(HOSTILE, paths, strict=True):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Client {client}")
    assert not alerts


def test_a_lookup_is_logged_as_one_and_neither_emails_nor_counts_as_a_sighting(system, visit, aside):
    client = next(aside)
    look_up(visit(), client)
    (record,) = map(json.loads, logged(system, client))
    assert record["purpose"] == "lookup" and "email" not in record
    assert record["output"]["recent_times_id_seen"] is None
    with system.database() as database:
        emails = "SELECT count(*) FROM email_jobs WHERE uid = ?"
        assert database.execute(emails, (record["output"]["uid"],)).fetchone() == (0,)
    assert system.predict(client)["recent_times_id_seen"] == 0

"""Alerts, their unit tests, their sections in the runbook and the metrics they are over belong together."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/alerts.yml"
TESTS = ROOT / "deploy/prometheus/alerts_test.yml"
RUNBOOK = ROOT / "docs/runbook.md"
PARTS = ["Means", "Look", "Do", "Escalate"]


def alerts():
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def sections():
    """The runbook's sections about alerts, by name."""
    text = RUNBOOK.read_text()
    heads = list(re.finditer(r"^### (.+)$", text, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {head[1]: text[head.end() : end].split("\n## ")[0] for head, end in zip(heads, ends)}


def sources():
    """Rust that is shipped."""
    files = [path for path in (ROOT / "crates").glob("*/src/**/*.rs") if "testkit" not in path.parts]
    assert files
    return "\n".join(path.read_text() for path in files)


def promtool():
    beside = Path(os.environ.get("BELLWETHER_TOOLS", ROOT / ".venv/tools/bin")) / "promtool"
    found = str(beside) if beside.is_file() else shutil.which("promtool")
    assert found, "promtool is missing: run scripts/install-test-tools"
    return found


def test_every_alert_has_a_section_and_every_section_an_alert():
    assert set(sections()) == set(alerts())


@pytest.mark.parametrize("name", alerts())
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_whom_to_tell(name):
    said = re.findall(r"^\*\*(\w+)\.\*\* \S", sections()[name], re.MULTILINE)
    assert said == PARTS


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_urgent_it_is_and_leads_to_its_section(name):
    rule = alerts()[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    annotations = rule["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    # As GitHub makes anchors of headings.
    assert annotations["runbook_url"] == f"docs/runbook.md#{name.lower()}"


def test_every_metric_of_a_rule_or_of_the_runbook_is_counted_somewhere():
    told = set(re.findall(r'"(bellwether_[a-z_]+)"', sources()))
    text = "\n".join(rule["expr"] for rule in alerts().values()) + RUNBOOK.read_text()
    asked = set(re.findall(r"\bbellwether_[a-z_]+", text))
    unknown = {name for name in asked if name not in told and re.sub("_(bucket|count|sum)$", "", name) not in told}
    assert not unknown
    assert len(asked) > 20


def test_every_label_of_a_rule_is_one_that_a_metric_or_a_target_has():
    told = set(re.findall(r'"(\w+)" =>', sources())) | set(re.findall(r'\("(\w+)", \w+\.', sources()))
    of_targets = {"job", "instance", "namespace", "le"}
    for rule in alerts().values():
        selected = re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", rule["expr"])
        grouped = re.findall(r"(?:by|on) \(([\w, ]+)\)", rule["expr"])
        asked = set(selected) | {label.strip() for labels in grouped for label in labels.split(",")}
        # ConfigSplit makes this one itself.
        assert asked <= told | of_targets, rule["alert"]


def test_every_alert_is_tried_by_promtool():
    tests = yaml.safe_load(TESTS.read_text())["tests"]
    checks = [check for test in tests for check in test["promql_expr_test"]]
    fired = " ".join(sample["labels"] + check["expr"] for check in checks for sample in check["exp_samples"] or [])
    untried = [name for name in alerts() if not re.search(rf"\b{name}\b", fired)]
    assert not untried


@pytest.mark.parametrize("arguments", [["check", "rules", RULES], ["test", "rules", TESTS]])
def test_promtool_takes_the_rules_and_their_tests_pass(arguments):
    ran = subprocess.run([promtool(), *arguments], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr

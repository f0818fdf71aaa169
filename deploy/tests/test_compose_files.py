"""What docker-compose.yml, .env.example, dashboards and alerts say of one another and of the code. Needs no engine."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
OURS = {"api", "api-stage", "config-admin", "worker", "worker-stage", "migrate-prod", "migrate-stage", "cli"}
# What Prometheus itself makes, and what it adds to a histogram's name.
ITS_OWN = {"up"}
SUFFIXES = ("_bucket", "_count", "_sum")


def services() -> dict:
    return yaml.safe_load(COMPOSE)["services"]


def example() -> dict:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_variable_of_compose_stands_in_the_example_with_the_same_default():
    lines = [line for line in COMPOSE.splitlines() if not line.lstrip().startswith("#")]
    used = re.findall(r"(?<!\$)\$\{([A-Z_]+)(?::-([^}]*))?\}", "\n".join(lines))
    # The token of one person, for one call: nothing to keep in a file.
    used = {name: default for name, default in used if name != "BELLWETHER_CONSOLE_TOKEN"}
    assert len(used) > 30
    assert used == example()


def test_an_engine_compiles_once_for_all_images():
    files = sorted((ROOT / "deploy/docker").glob("*.Dockerfile"))
    shared = {file.read_text().split("FROM rust:", 1)[1].split("FROM scratch", 1)[0] for file in files}
    assert (len(files), len(shared)) == (4, 1), "the stages before the last are the same, byte for byte"


def test_every_published_port_is_on_loopback_unless_told_otherwise():
    published = {name: port for name, service in services().items() for port in service.get("ports", [])}
    assert set(published) == {"api", "api-stage", "config-admin", "mailpit", "prometheus", "grafana"}
    for name, port in published.items():
        assert port.startswith("${BIND_ADDRESS:-127.0.0.1}:${"), name


def test_containers_of_ours_are_nobody_and_write_only_to_volumes():
    for name in OURS | {"aws-seed"}:
        service = services()[name]
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "tmpfs" not in service or name == "cli", name


def test_every_container_has_limits_a_health_check_and_bounded_logs():
    for name, service in services().items():
        for limit in ("cpus", "mem_limit", "pids_limit"):
            assert service.get(limit), f"{name}: {limit}"
        assert service["healthcheck"], name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        assert "container_name" not in service, f"{name}: --scale needs names of its own"


def test_no_image_is_latest_and_every_image_of_ours_is_built_from_a_dockerfile():
    for name, service in services().items():
        image = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", service["image"])
        assert re.search(r":[^:/]+$", image) and not image.endswith(":latest"), image
        assert ("build" in service) == (name in OURS), name
        if name in OURS:
            binary = image.split(":")[0].removeprefix("bellwether-").replace("bellwether", "cli")
            assert service["build"]["dockerfile"] == f"deploy/docker/{binary}.Dockerfile", name


def test_the_grace_of_a_stop_is_longer_than_the_drain():
    settings = (ROOT / "crates/settings/default.toml").read_text()
    names = ("drain_notice_seconds", "drain_seconds")
    seconds = [int(re.search(rf"^{name} = (\d+)$", settings, re.M)[1]) for name in names]
    for name in ("api", "api-stage", "config-admin", "worker", "worker-stage"):
        assert int(services()[name]["stop_grace_period"].removesuffix("s")) >= sum(seconds) + 5, name


def test_no_password_stands_in_the_environment_of_a_service_of_ours():
    for name in OURS:
        for variable, value in services()[name]["environment"].items():
            secret = re.search(r"(PASSWORD|TOKEN|JWT_SECRET|__USER)$", variable)
            if secret and variable.startswith("BELLWETHER__"):
                assert value.startswith("secret:bellwether/"), f"{name}: {variable}"


def recorded() -> set:
    """Every metric that the code records: names stand as they are in calls and in tables beside them."""
    sources = [path for path in (ROOT / "crates").rglob("*.rs") if not re.search(r"test", str(path))]
    return set(re.findall(r'"(bellwether_[a-z_]+)"', "\n".join(path.read_text() for path in sources)))


def named(expression: str) -> set:
    return set(re.findall(r"\b(?:bellwether_[a-z0-9_]+|up)\b(?=\s*(?:\{|\[|\)|$|[-+*/><= ]))", expression))


def expressions_of_dashboards() -> list:
    found = []
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        board = json.loads(path.read_text())
        targets = [target for panel in board["panels"] for target in panel.get("targets", [])]
        found += [(f"{path.name}: {target['expr']}", target["expr"]) for target in targets]
        variables = [variable["definition"] for variable in board["templating"]["list"]]
        found += [(path.name, re.sub(r"label_values\((\w+), \w+\)", r"\1", text)) for text in variables]
    return found


def expressions_of_alerts() -> list:
    path = ROOT / "deploy/prometheus/alerts.yml"
    groups = yaml.safe_load(path.read_text())["groups"]
    return [(rule.get("alert") or rule["record"], rule["expr"]) for group in groups for rule in group["rules"]]


def records_of_rules() -> set:
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


@pytest.mark.parametrize("expressions", [expressions_of_dashboards, expressions_of_alerts])
def test_every_metric_of_dashboards_and_alerts_is_recorded_somewhere(expressions):
    known = recorded() | ITS_OWN | records_of_rules()
    asked = expressions()
    assert len(asked) > 5
    for place, expression in asked:
        names = named(expression)
        assert names, place
        for name in names:
            plain = next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name)
            assert name in known or plain in known, f"{place}: nobody records {name}"


def promtool(*arguments) -> str:
    beside = Path(os.environ.get("BELLWETHER_TOOLS", ROOT / ".venv/tools/bin")) / "promtool"
    found = str(beside) if beside.is_file() else shutil.which("promtool")
    assert found, "promtool is missing: run scripts/install-test-tools"
    done = subprocess.run([found, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_its_configuration_and_every_query_of_a_dashboard(tmp_path):
    assert "1 rule files found" in promtool("check", "config", ROOT / "deploy/prometheus/prometheus.yml")
    asked = [re.sub(r"\$__rate_interval", "1m", expression) for _, expression in expressions_of_dashboards()]
    rules = [{"record": f"query_{number}", "expr": expression} for number, expression in enumerate(asked)]
    (tmp_path / "queries.yml").write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", tmp_path / "queries.yml")


def test_dashboards_ask_the_data_source_that_is_provisioned():
    source = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())
    uid = source["datasources"][0]["uid"]
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        board = json.loads(path.read_text())
        assert {panel["datasource"]["uid"] for panel in board["panels"] if "datasource" in panel} == {uid}
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(numbers) == len(set(numbers)), path.name


def test_prometheus_asks_every_service_where_its_metrics_are():
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    asked = {name: entry["port"] for job in jobs for entry in job["dns_sd_configs"] for name in entry["names"]}
    binds = {"SERVER__METRICS_BIND": ("api", "api-stage"), "WORKER__BIND": ("worker", "worker-stage")}
    binds["CONSOLE__BIND"] = ("config-admin",)
    for variable, names in binds.items():
        for name in names:
            bind = services()[name]["environment"][f"BELLWETHER__{variable}"]
            assert asked.pop(name) == int(bind.rsplit(":", 1)[1]), name
    assert asked == {}


def test_make_env_makes_passwords_by_chance_and_overwrites_nothing(tmp_path):
    (tmp_path / "deploy/compose").mkdir(parents=True)
    shutil.copy(ROOT / ".env.example", tmp_path)
    shutil.copy(ROOT / "deploy/compose/make-env", tmp_path / "deploy/compose")
    make_env = [tmp_path / "deploy/compose/make-env"]
    subprocess.run(make_env, check=True, capture_output=True)
    text = (tmp_path / ".env").read_text()
    made = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert made.keys() == example().keys()
    secrets = {name for name in made if re.search(r"PASSWORD|TOKEN|JWT_SECRET", name)}
    assert len(secrets) == 9
    assert len({made[name] for name in secrets}) == 9, "no two are alike"
    assert all(re.fullmatch(r"[a-z0-9]{40}", made[name]) for name in secrets)
    assert {name: value for name, value in made.items() if name not in secrets} == {
        name: value for name, value in example().items() if name not in secrets
    }
    assert os.stat(tmp_path / ".env").st_mode & 0o077 == 0, "nobody else may read it"

    again = subprocess.run(make_env, capture_output=True, text=True)
    assert again.returncode == 1 and "left as it is" in again.stderr
    assert (tmp_path / ".env").read_text() == text


def test_a_file_of_passwords_is_never_committed():
    answer = subprocess.run(["git", "check-ignore", ".env"], cwd=ROOT, capture_output=True)
    assert answer.returncode == 0

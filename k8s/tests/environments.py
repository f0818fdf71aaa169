"""Prints every container of ours that docker-compose.yml or an overlay starts, with the environment that it is started with,
as JSON: for `crates/settings/tests/deployments.rs`, which loads each with the real settings loader.
"""

import json
import re
import sys
from pathlib import Path

import yaml

from rendered import PROJECT, render

VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?])([^}]*))?\})")


def clusters() -> list[dict]:
    """The containers of every overlay. Base is not applied by itself: it names neither database nor addresses."""
    folders = sorted(file.parent for file in (PROJECT / "k8s/overlays").glob("*/kustomization.yaml"))
    found = []
    for folder in folders:
        for container in render(f"overlays/{folder.name}").containers:
            if container.ours:
                where = f"k8s/overlays/{folder.name}: {container}"
                found.append(told(where, container.image, container.environment))
    return found


def composed(variables: dict[str, str], told_by: str) -> list[dict]:
    """The containers of docker-compose.yml, where `.env` holds these variables."""
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    found = []
    for name, service in compose["services"].items():
        image = filled(service["image"], variables).rsplit(":", 1)[0]
        if image.split("-")[0] != "bellwether":
            continue
        environment = service.get("environment") or {}
        if isinstance(environment, list):
            environment = dict(line.split("=", 1) for line in environment)
        values = {key: filled(value, variables) for key, value in environment.items() if value is not None}
        found.append(told(f"docker-compose.yml, {told_by}: {name}", image, values))
    return found


def filled(value, variables: dict[str, str]) -> str:
    """A value of docker-compose.yml with its variables in their places, as docker compose puts them there."""
    if isinstance(value, bool):
        return str(value).lower()

    def put(match: re.Match) -> str:
        dollar, name, operator, default = match.groups()
        if dollar:
            return "$"
        given = variables.get(name)
        # `:-` stands in for an empty value, too, and `-` only for none.
        absent = not given if (operator or "").startswith(":") else given is None
        if absent and (operator or "").endswith("?"):
            raise SystemExit(f"docker-compose.yml demands {name}")
        return (default or "") if absent else given

    return VARIABLE.sub(put, str(value))


def told(container: str, image: str, environment: dict[str, str]) -> dict:
    return {"container": container, "image": image, "environment": {k: str(v) for k, v in environment.items()}}


def variables_of(file: Path) -> dict[str, str]:
    """What a file as .env says."""
    lines = [line for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


if __name__ == "__main__":
    example = composed(variables_of(PROJECT / ".env.example"), "with .env.example")
    json.dump([*clusters(), *composed({}, "without .env"), *example], sys.stdout)

"""Renders base, every overlay and the variants with KEDA, and holds each against every check.

`test_checks_can_fail.py` breaks them and sees each check say so.
"""

import checks_network
import checks_references
import checks_schemas
import checks_workloads
import pytest
from rendered import PROJECT, Rendered, render

OVERLAYS = sorted(folder.parent.name for folder in (PROJECT / "k8s/overlays").glob("*/kustomization.yaml"))
FOLDERS = ["base", *(f"overlays/{name}" for name in OVERLAYS)]
CHECKS = [*checks_workloads.ALL, *checks_references.ALL, *checks_network.ALL]


@pytest.fixture(params=FOLDERS)
def rendered(request) -> Rendered:
    return render(request.param)


def test_all_overlays_are_here():
    assert OVERLAYS == ["local", "local-keda", "prod", "prod-keda", "stage"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_stands_up_to(check, rendered):
    # Base names no database, mail server or archive: what its pods reach is for the overlays to say.
    if rendered.folder == "base" and check in (checks_network.policies,):
        pytest.skip("base names no servers")
    assert_none(check(rendered))


def assert_none(faults) -> None:
    faults = list(faults)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("version", checks_schemas.newest())
def test_kubernetes_takes_it(rendered, version):
    assert_none(checks_schemas.valid(rendered, version))

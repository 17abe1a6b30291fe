"""What lies in deploy/ names what the programs really have."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY, CollectorRegistry

from shared.context import Context
from shared.settings import PREFIX, Settings
from web.app import create_app
from web.metrics import KEY

REPOSITORY = Path(__file__).parents[2]
MANIFESTS = sorted((REPOSITORY / "deploy" / "kubernetes").glob("*.yaml"))


def names(registry: CollectorRegistry) -> set[str]:
    """Names of all series that a registry may give."""
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {m.name + ending for m in registry.collect() for ending in endings.get(m.type, ())}


def test_the_dashboard_asks_for_series_that_exist(ctx: Context) -> None:
    import workers.metrics  # noqa: F401 - what it registers counts

    dashboard = json.loads((REPOSITORY / "deploy" / "grafana" / "lookalike.json").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    wanted = {name for expression in asked for name in re.findall(r"lookalike_\w+", expression)}
    assert wanted <= names(REGISTRY) | names(create_app(ctx).extensions[KEY])
    ours = {n for n in names(REGISTRY) if n.startswith("lookalike_") and n.endswith("_total")}
    assert ours <= wanted, "a counter that nobody looks at"


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_a_manifest_is_what_kubernetes_takes(manifest: Path) -> None:
    program = Path(sys.executable).with_name("kubernetes-validate")
    done = subprocess.run([program, "--strict", manifest], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout + done.stderr


def test_manifests_set_no_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.__slots__}  # type: ignore[attr-defined]  # dataclass slots
    named = {name for path in MANIFESTS for name in re.findall(rf"\b{PREFIX}[A-Z_]+", path.read_text("utf-8"))}
    assert {name.removesuffix("_FILE") for name in named} <= known


def test_every_pod_is_confined() -> None:
    pods = [
        document["spec"]["template"]["spec"]
        for path in MANIFESTS
        for document in yaml.safe_load_all(path.read_text("utf-8"))
        if document["kind"] in ("Deployment", "StatefulSet")
    ]
    assert len(pods) == 6
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            writes = [m for m in container["volumeMounts"] if m["name"] == "library" and not m.get("readOnly")]
            assert not writes or container["name"] == "worker-files"


def test_compose_sets_no_setting_that_does_not_exist() -> None:
    known = {PREFIX + name.upper() for name in Settings.__slots__}  # type: ignore[attr-defined]  # dataclass slots
    text = (REPOSITORY / "docker-compose.yml").read_text("utf-8")
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+", text)) <= known

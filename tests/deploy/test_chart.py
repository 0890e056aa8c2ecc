"""The objects that the Helm chart renders, and the values that it refuses."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from agent.settings import Settings
from docs.chart import CHART, EXAMPLE, MANIFESTS, PAGE, RenderError, described, manifests, page_with_values, render
from docs.operations import rules
from tests.deploy.chart import EVERYTHING, plain, rendered
from tests.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.chart import Objects

# If there is no Helm yet, it is built first.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def everything(helm: Path) -> Objects:
    """Return the chart with all features switched on."""
    return rendered(helm, *EVERYTHING)


def schema() -> Any:
    """Return the schema of the values."""
    return json.loads((CHART / "values.schema.json").read_text("utf-8"))


def leaves(values: Any, prefix: str = "") -> list[str]:
    """Return the paths of values that are not objects, or are empty ones."""
    if not isinstance(values, dict) or not values:
        return [prefix]
    return [leaf for name, each in values.items() for leaf in leaves(each, f"{prefix}.{name}" if prefix else name)]


def test_the_plain_manifests_are_what_the_chart_renders(helm: Path) -> None:
    """The manifests are current; `make manifests` writes them again."""
    assert MANIFESTS.read_text("utf-8") == manifests(helm)


def test_helm_finds_no_error_in_the_chart(helm: Path) -> None:
    """Helm's own checks pass, warnings included."""
    command = [str(helm), "lint", str(CHART), "--strict", "--kube-version", "1.37.0", "-f", str(EXAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command line

    assert done.returncode == 0, done.stdout


def test_every_value_is_described() -> None:
    """The description is in the schema, and from there in the chart's README; `make manifests` writes that again."""
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    names = {name for name, _ in described(schema())}
    page = PAGE.read_text("utf-8")
    missing = [leaf for leaf in leaves(values) if not any(f"{leaf}.".startswith(f"{name}.") for name in names)]

    assert missing == []
    assert page == page_with_values(page)


def test_config_takes_neither_secrets_nor_variables_that_the_chart_sets(everything: Objects) -> None:
    """A secret in a ConfigMap would be readable for everyone in the namespace."""
    refused = set(schema()["properties"]["config"]["propertyNames"]["not"]["enum"])
    secrets = {name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    set_by_chart = {variable["name"] for variable in everything.container("worker")["env"]}

    assert secrets | {"LIVEKIT_API_KEY"} | set_by_chart <= refused


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ("config.OPENAI_API_KEY=sk-1", "OPENAI_API_KEY"),
        ("autoscaling.kind=keda", "prometheus"),
        ("autoscaling.cpuUtilization=80", "cpuUtilization"),
        ("worker.maxCalls=5", "autoscaling.callsPerWorker (12) is more than worker.maxCalls (5)"),
        ("web.ingress.host=", "host"),
        ("image.digest=sha256:1", "digest"),
        ("worker.maxcalls=5", "maxcalls"),
    ],
)
def test_a_wrong_value_is_named(helm: Path, values: str, error: str) -> None:
    """Helm refuses it before it reaches the cluster."""
    with pytest.raises(RenderError) as caught:
        render(helm, "-f", str(EXAMPLE), "--set", values)

    assert error in str(caught.value)


@pytest.mark.parametrize("seconds", [0, 600, 7200])
def test_grace_periods_follow_one_value(helm: Path, seconds: int) -> None:
    """The value sets the worker's drain, the time until SIGKILL, and the autoscaler's window of an hour at most."""
    objects = rendered(helm, "--set", f"drainSeconds={seconds}")
    variables = {each["name"]: each.get("value") for each in objects.container("worker")["env"]}
    behavior = objects.one("HorizontalPodAutoscaler")["spec"]["behavior"]

    assert variables["DRAIN_TIMEOUT"] == str(seconds)
    assert objects.pod("worker")["terminationGracePeriodSeconds"] == seconds + 420
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == min(seconds, 3600)


@pytest.mark.parametrize("change", ["config.LLM_TIMEOUT=9", r"personas.mia\.toml=x", "secret.revision=second"])
def test_pods_are_replaced_when_their_configuration_changes(helm: Path, change: str) -> None:
    """A variable, a persona, or a Secret that Helm can't see may change."""

    def annotations(objects: Objects, name: str) -> Any:
        return objects.one("Deployment", name)["spec"]["template"]["metadata"]["annotations"]

    changed, before = rendered(helm, "--set", change), plain()

    assert annotations(changed, "worker") != annotations(before, "worker")
    assert annotations(changed, "web") != annotations(before, "web")


def test_the_hpa_counts_calls_where_an_adapter_serves_them(helm: Path) -> None:
    """Calls come first, CPU second; without an adapter the metric would keep the HPA from ever scaling down."""
    objects = rendered(helm, "--set", "autoscaling.podsMetric=liveavatar_agent_calls_active")
    calls, cpu = objects.one("HorizontalPodAutoscaler")["spec"]["metrics"]

    assert calls["pods"]["metric"]["name"] == "liveavatar_agent_calls_active"
    assert calls["pods"]["target"] == {"type": "AverageValue", "averageValue": "12"}
    assert cpu["resource"]["name"] == "cpu"
    assert [each["type"] for each in plain().one("HorizontalPodAutoscaler")["spec"]["metrics"]] == ["Resource"]


def test_keda_counts_the_calls_of_the_release(everything: Objects) -> None:
    """KEDA replaces the HPA, and asks for the calls of the pods that the metrics' Service names."""
    scaled = everything.one("ScaledObject")["spec"]
    calls, cpu = scaled["triggers"]
    service = everything.one("Service", "metrics")["metadata"]["name"]

    assert "HorizontalPodAutoscaler" not in everything.kinds()
    assert scaled["scaleTargetRef"]["name"] == everything.one("Deployment", "worker")["metadata"]["name"]
    assert (calls["type"], calls["metadata"]["threshold"]) == ("prometheus", "12")
    assert f'liveavatar_agent_calls_active{{namespace="default",service="{service}"}}' in calls["metadata"]["query"]
    assert (cpu["type"], cpu["metricType"], cpu["metadata"]["value"]) == ("cpu", "Utilization", "50")


def test_without_an_autoscaler_the_number_of_replicas_is_fixed(helm: Path) -> None:
    """With one, an apply does not change the number."""
    fixed = rendered(helm, "--set", "autoscaling.kind=none")

    assert fixed.one("Deployment", "worker")["spec"]["replicas"] == 2
    assert "replicas" not in plain().one("Deployment", "worker")["spec"]


def test_the_operator_gets_the_alerts_of_the_one_file(everything: Objects) -> None:
    """The chart links to it instead of a copy, and leaves the templates of the annotations to Prometheus."""
    rule, monitor = everything.one("PrometheusRule")["spec"], everything.one("ServiceMonitor")["spec"]
    service = everything.one("Service", "metrics")

    assert (CHART / "files/alerts.yml").is_symlink()
    assert [each for group in rule["groups"] for each in group["rules"]] == rules()
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["metadata"]["labels"][monitor["jobLabel"]] == "liveavatar-agent"
    assert monitor["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


def test_metrics_are_served_where_prometheus_asks(everything: Objects) -> None:
    """Port, variable, Service and policy agree; without the switch there is none of them."""
    (served,) = everything.one("Service", "metrics")["spec"]["ports"]
    for name in ("worker", "web"):
        container = everything.container(name)
        variables = {each["name"]: each.get("value") for each in container["env"]}
        ports = {each["name"]: each["containerPort"] for each in container["ports"]}
        allowed = [rule["ports"][0]["port"] for rule in everything.one("NetworkPolicy", name)["spec"]["ingress"]]

        assert variables["METRICS_PORT"] == str(ports["metrics"]) == str(served["port"])
        assert variables["METRICS_HOST"] == "0.0.0.0"  # noqa: S104 - a pod's own
        assert served["targetPort"] in allowed
    prometheus = yaml.safe_load((ROOT / "deploy/observability/prometheus.yml").read_text())
    (job,) = prometheus["scrape_configs"]

    assert job["static_configs"] == [{"targets": [f"worker:{served['port']}"]}]
    assert "METRICS_PORT" not in MANIFESTS.read_text("utf-8")


def test_the_fleets_state_comes_from_a_secret(everything: Objects) -> None:
    """Worker and page get STATE_URL by reference: from its own Secret if there is one, else from the common one."""
    for objects, name, optional in ((everything, "fleet", False), (plain(), "liveavatar-agent", True)):
        for component in ("worker", "web"):
            variables = {each["name"]: each for each in objects.container(component)["env"]}
            egress = objects.one("NetworkPolicy", component)["spec"]["egress"]
            expected = {"name": name, "key": "STATE_URL", "optional": optional}

            assert variables["STATE_URL"]["valueFrom"]["secretKeyRef"] == expected
            assert 6379 in [port["port"] for rule in egress if "to" not in rule for port in rule["ports"]]


@pytest.mark.parametrize("name", ["worker", "web"])
def test_pods_are_spread_and_protected(name: str) -> None:
    """Budget, policy and spread select the pods of one component by their labels."""
    objects = plain()
    labels = objects.one("Deployment", name)["spec"]["template"]["metadata"]["labels"]
    spread = objects.pod(name)["topologySpreadConstraints"]

    assert labels["app.kubernetes.io/component"] == name
    assert [each["topologyKey"] for each in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert [each["labelSelector"]["matchLabels"] for each in spread] == [labels, labels]
    assert objects.one("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"] == labels
    assert objects.one("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"] == labels


def test_a_worker_accepts_no_connections() -> None:
    """Without metrics its policy lets nothing in; the page accepts connections only on its own port."""
    worker, web = (plain().one("NetworkPolicy", name)["spec"] for name in ("worker", "web"))

    assert worker["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in worker
    assert [port["port"] for rule in web["ingress"] for port in rule["ports"]] == ["web"]


@pytest.mark.parametrize("name", ["worker", "web"])
def test_pods_reach_vendors_and_the_cluster_but_not_their_node(name: str) -> None:
    """Clouds serve a node's credentials at 169.254.169.254."""
    rules_of = plain().one("NetworkPolicy", name)["spec"]["egress"]
    reached = [each for rule in rules_of if "to" in rule for each in rule["to"]]
    blocks = {each["ipBlock"]["cidr"]: each["ipBlock"]["except"] for each in reached if "ipBlock" in each}

    assert {"namespaceSelector": {}} in reached
    assert "169.254.0.0/16" in blocks["0.0.0.0/0"]
    assert [rule["ports"][0]["port"] for rule in rules_of if "to" not in rule] == [53, 6379]


def test_openshift_chooses_the_user(helm: Path) -> None:
    """Without `runAs` the pods still may not run as root."""
    context = rendered(helm, "--set", "runAs=null").pod("worker")["securityContext"]

    assert context == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_an_image_is_pinned_by_its_digest(helm: Path) -> None:
    """A tag that was moved in the registry is not run."""
    digest = f"sha256:{'0' * 64}"

    assert rendered(helm, "--set", f"image.digest={digest}").container("worker")["image"].endswith(f":0.1.0@{digest}")


def test_variables_are_rendered_as_strings(helm: Path) -> None:
    """A number stays as it was written, and yes becomes `true`."""
    objects = rendered(helm, "--set", "config.LOWEST_CREDITS=1000000,config.SIP_AVATAR=true")
    data = objects.one("ConfigMap")["data"]

    assert (data["LOWEST_CREDITS"], data["SIP_AVATAR"]) == ("1000000", "true")


def test_personas_replace_those_of_the_image(everything: Objects) -> None:
    """The values' personas are mounted where PERSONA finds them."""
    mounts = {each["name"]: each["mountPath"] for each in everything.container("worker")["volumeMounts"]}

    assert everything.one("ConfigMap", "personas")["data"] == {"mia.toml": "name = 'Mia'\n"}
    assert mounts["personas"] == "/app/agent/personas"


def test_without_the_page_none_of_its_objects_is_rendered(helm: Path) -> None:
    """Neither an Ingress nor a budget is left."""
    objects = rendered(helm, "--set", "web.enabled=false")

    assert [each["metadata"]["name"] for each in objects.all if each["metadata"]["name"].endswith("web")] == []

"""Values that must agree in several of the deployment's files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from livekit.agents import AgentServer
from livekit.agents.worker import ServerEnvOption
from pydantic import SecretStr

from agent.settings import Settings
from demo.livekit_build import VERSION
from tests.deploy.chart import plain
from tests.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from tests.deploy.chart import Objects
    from tests.deploy.dockerfile import Stage

# Seconds a job's entrypoint and its AgentSession have to close; from livekit-agents, ipc/job_proc_lazy_main.py.
JOB_CLOSE = 15 + 60

# Variables of .env.example that Compose does not pass to the worker: the container's own, LiveKit's and Redis'.
NOT_THE_WORKERS = {"STATE_DIR", "WORKER_PORT", "PORT", "NODE_IP", "REDIS_PASSWORD"}


def load(path: str) -> Any:
    """Read a YAML file of the repository."""
    return yaml.safe_load((ROOT / path).read_text())


def variables(path: str) -> set[str]:
    """Return the names in an env file, those that are commented out included."""
    return set(re.findall(r"^(?:# ?)?([A-Z][A-Z0-9_]+)=", (ROOT / path).read_text(), re.MULTILINE))


@pytest.fixture
def compose() -> Any:
    """Return the services of compose.yaml."""
    return load("deploy/compose.yaml")["services"]


@pytest.fixture
def objects() -> Objects:
    """Return the plain manifests for Kubernetes."""
    return plain()


@pytest.fixture
def pod(objects: Objects) -> Any:
    """Return the spec of the workers' pods."""
    return objects.pod("worker")


@pytest.fixture
def server() -> AgentServer:
    """Return the worker, for its time-outs."""
    return AgentServer()


def test_the_worker_has_time_to_drain(server: AgentServer, compose: Any, pod: Any) -> None:
    """SIGKILL comes after the drain and the orderly end of the jobs that it cuts off, LiveAvatar's stop included."""
    job_end = JOB_CLOSE + server._session_end_timeout + 2 * server._shutdown_process_timeout
    needed = server._drain_timeout + job_end

    assert pod["terminationGracePeriodSeconds"] >= needed
    assert int(compose["worker"]["stop_grace_period"].removesuffix("s")) >= needed


def test_the_state_directory_outlives_the_container(stages: dict[str, Stage], compose: Any, pod: Any) -> None:
    """Compose has a named volume where the image notes its sessions, and Kubernetes one of the pod."""
    state_dir = dict(word.split("=") for each in stages["worker"].all("ENV") for word in each.words)["STATE_DIR"]
    (worker,) = pod["containers"]
    mounted = {mount["mountPath"]: mount["name"] for mount in worker["volumeMounts"]}

    assert f"state:{state_dir}" in compose["worker"]["volumes"]
    assert "state" in load("deploy/compose.yaml")["volumes"]
    assert mounted[state_dir] in {volume["name"] for volume in pod["volumes"]}


def test_a_rollout_waits_for_registered_workers(pod: Any) -> None:
    """A worker that has lost LiveKit is not ready, but alive: it has calls, so it must not be restarted."""
    (worker,) = pod["containers"]
    probes = {name: worker[name]["httpGet"]["path"] for name in ("readinessProbe", "livenessProbe", "startupProbe")}

    assert probes == {"readinessProbe": "/readyz", "livenessProbe": "/", "startupProbe": "/"}


def test_the_autoscaler_acts_before_workers_refuse_calls(server: AgentServer, objects: Objects) -> None:
    """The framework's production load threshold is above the autoscaler's target."""
    (metric,) = objects.one("HorizontalPodAutoscaler")["spec"]["metrics"]
    threshold = ServerEnvOption.getvalue(server._load_threshold, devmode=False)

    assert metric["resource"]["target"]["averageUtilization"] < 100 * threshold


def test_the_pod_runs_as_the_images_user(stages: dict[str, Stage], pod: Any) -> None:
    """Image and pod use the same user."""
    context = pod["securityContext"]

    assert stages["worker"].last("USER").text == f"{context['runAsUser']}:{context['runAsGroup']}"


def test_the_pod_is_probed_where_the_worker_listens(stages: dict[str, Stage], server: AgentServer, pod: Any) -> None:
    """The framework's health port is the one exposed and probed."""
    (worker,) = pod["containers"]
    port = ServerEnvOption.getvalue(server._port, devmode=False)

    assert worker["ports"] == [{"name": "health", "containerPort": port}]
    assert stages["worker"].last("EXPOSE").text == str(port)


@pytest.fixture
def page(objects: Objects) -> Any:
    """Return the spec of the pods of the page's Deployment."""
    return objects.pod("web")


def test_the_page_is_probed_and_served_where_it_listens(page: Any, objects: Objects, compose: Any) -> None:
    """Service, probe and setting use one port; Compose publishes that of its env file, on loopback only."""
    (container,) = page["containers"]
    settings = {variable["name"]: variable.get("value") for variable in container["env"]}
    (port,) = container["ports"]
    (served,) = objects.one("Service", "web")["spec"]["ports"]

    assert settings["WEB_PORT"] == str(port["containerPort"])
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    assert served["targetPort"] == port["name"]
    assert compose["worker"]["ports"] == ["127.0.0.1:8080:8080"]
    assert "\nWEB_PORT=8080\n" in (ROOT / "deploy/stand-ins.env").read_text()


def test_the_page_is_reached_only_by_its_service(objects: Objects) -> None:
    """The page's pods have a label of their own, so that no browser is sent to a worker."""
    worker, web = (objects.one("Deployment", name)["spec"]["selector"]["matchLabels"] for name in ("worker", "web"))
    service = objects.one("Service", "web")
    (rule,) = objects.one("Ingress")["spec"]["rules"]
    (path,) = rule["http"]["paths"]

    assert service["spec"]["selector"] == web != worker
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]


def test_the_page_runs_as_the_worker_does_and_has_no_vendors_keys(page: Any, pod: Any) -> None:
    """Image and restrictions are the worker's; the page's secrets sign tokens, guard it, and open the fleet's Redis."""
    (container,), (worker,) = page["containers"], pod["containers"]
    secrets = {variable["name"] for variable in container["env"] if "valueFrom" in variable}

    assert container["args"] == ["python", "agent.py", "web"]
    assert (container["image"], container["securityContext"]) == (worker["image"], worker["securityContext"])
    assert page["securityContext"] == pod["securityContext"]
    assert secrets == {"LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "WEB_SECRET", "STATE_URL"}
    assert container["envFrom"] == [worker["envFrom"][0]]


def test_compose_publishes_livekits_ports(compose: Any) -> None:
    """Every port of livekit.yaml is published, and signalling, which is unencrypted, on loopback only."""
    config = load("livekit.yaml")

    assert compose["livekit"]["ports"] == [
        f"127.0.0.1:{config['port']}:{config['port']}",
        f"{config['rtc']['tcp_port']}:{config['rtc']['tcp_port']}",
        f"{config['rtc']['udp_port']}:{config['rtc']['udp_port']}/udp",
    ]


def test_the_worker_finds_the_stand_ins(stages: dict[str, Stage]) -> None:
    """stand-ins.env names the port their image listens on."""
    urls = re.findall(r"http://stand-ins:(\d+)\b", (ROOT / "deploy/stand-ins.env").read_text())

    assert set(urls) == {stages["stand-ins"].last("EXPOSE").text}


def test_livekit_is_one_version_everywhere(compose: Any) -> None:
    """Compose runs the version of the server that the demo and the tests run."""
    assert compose["livekit"]["image"].startswith(f"livekit/livekit-server:{VERSION}@")


def test_every_variable_is_explained(objects: Objects, pod: Any) -> None:
    """Every variable in compose and Kubernetes is in .env.example."""
    compose = (ROOT / "deploy/compose.yaml").read_text()
    names = set(re.findall(r"\$\{(\w+)", compose)) | set(re.findall(r"^ +([A-Z_]+):$", compose, re.MULTILINE))
    names |= set(objects.one("ConfigMap")["data"]) | {
        each["name"] for each in pod["containers"][0]["env"] if "value" in each
    }
    names |= set(load("deploy/secret.example.yaml")["stringData"])
    names |= variables("deploy/stand-ins.env") - {"COMPOSE_PROFILES"}

    assert not names - variables(".env.example")


def test_every_variable_reaches_the_worker(compose: Any) -> None:
    """Compose passes on every variable of .env.example, except for the container's own."""
    handed_on = compose["worker"]["environment"]
    everywhere = "0.0.0.0"  # noqa: S104 - a container's
    own = {"LIVEKIT_URL": "${LIVEKIT_URL:-ws://livekit:7880}", "WEB_HOST": everywhere, "METRICS_HOST": everywhere}

    assert set(handed_on) == variables(".env.example") - NOT_THE_WORKERS
    assert {name: value for name, value in handed_on.items() if value is not None} == own


def test_every_secret_has_its_place_in_kubernetes(pod: Any) -> None:
    """Every secret is in the Secret's template, the rest in the ConfigMap; pods get both whole."""
    secret = load("deploy/secret.example.yaml")["stringData"]
    secrets = {name.upper() for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    (worker,) = pod["containers"]

    assert secrets | {"LIVEKIT_API_KEY"} == set(secret)
    assert [list(each) for each in worker["envFrom"]] == [["configMapRef"], ["secretRef"]]


def test_a_persona_is_found_in_the_container(stages: dict[str, Stage], compose: Any) -> None:
    """A path that .env.example has as an example is also valid from the image's working directory."""
    persona = re.search("^# PERSONA=(.*)/", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert persona is not None
    assert f"../{persona[1]}:{stages['base'].last('WORKDIR').text}/{persona[1]}:ro" in compose["worker"]["volumes"]

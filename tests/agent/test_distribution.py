"""The product as a distribution."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wheel_has_the_service_and_no_demo(tmp_path: Path) -> None:
    """The demo, the stand-ins and the benchmarks are run from a checkout."""
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)  # noqa: S603 - our own command line
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = wheel.namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"agent", "avatar"}
    assert {Path(name).name for name in names if ".dist-info/licenses/" in name} == {
        "LICENSE",
        "THIRD_PARTY_NOTICES.md",
    }

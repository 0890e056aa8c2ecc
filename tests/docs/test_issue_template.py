"""The form for a report on a call with real keys."""

import subprocess
import sys

import yaml

from tests.deploy.dockerfile import ROOT

FORM = ROOT / ".github/ISSUE_TEMPLATE/real-service-report.yml"


def test_the_form_fits_githubs_schema() -> None:
    """GitHub ignores an invalid form."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-issue-forms", str(FORM)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the environment's own

    assert done.returncode == 0, done.stdout


def test_the_form_requires_the_recording_and_the_doctors_output() -> None:
    """The command, the recording and the doctor's output are required."""
    fields = {field["id"]: field for field in yaml.safe_load(FORM.read_text())["body"] if "id" in field}

    assert {name for name, field in fields.items() if field.get("validations", {}).get("required")} >= {
        "command",
        "output",
        "recording",
    }

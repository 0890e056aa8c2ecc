"""The audit of the page's packages, with a script in place of npm."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit-page"
NONE = '{"auditReportVersion": 2, "vulnerabilities": {}}'
SOME = '{"auditReportVersion": 2, "vulnerabilities": {"vite": {"severity": "high"}}}'
NO_ANSWER = '{"message": "405 Method Not Allowed", "statusCode": 405}'
NOT_CHECKED = "NOT CHECKED: npm's registry gives no advisories"


@pytest.mark.parametrize(
    ("report", "npm", "required", "status", "last"),
    [
        (NONE, 0, "", 0, []),
        (SOME, 1, "", 1, [SOME]),
        (NO_ANSWER, 1, "", 0, [NOT_CHECKED]),
        (NO_ANSWER, 1, "0", 0, [NOT_CHECKED]),
        (NO_ANSWER, 1, "1", 1, [NOT_CHECKED]),
    ],
)
async def test_an_audit_distinguishes_vulnerabilities_from_silence(
    tmp_path: Path, report: str, npm: int, required: str, *, status: int, last: list[str]
) -> None:
    """A vulnerability fails; a registry without advisories is reported, and fails where the audit is required."""
    python = tmp_path / "python"
    python.write_text(
        f"#!/bin/sh\n[ \"$*\" = '-m demo.page_build npm audit --json' ] || exit 9\necho '{report}'\nexit {npm}\n"
    )
    python.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "AUDIT_REQUIRED": required}

    process = await asyncio.create_subprocess_exec(
        AUDIT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    said, _ = await process.communicate()

    assert process.returncode == status
    assert said.decode().splitlines()[-1:] == last

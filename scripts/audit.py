"""Hold the locked requirements against the published advisories (pip-audit), where these can be had.

Exit status: 1 where a requirement has a known vulnerability. Where no advisory service answers, as in a build
without a network or behind a mirror of packages alone, that is said, and it is no failure. One requirement is
looked up first, so that a mirror is not asked for each of them in vain.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_TIMEOUT_S = 600
_LINE = re.compile(r"^(?=[^\s#])(?:.*\\\n)*.*\n", re.MULTILINE)  # a requirement and its hashes


def audit(requirements: str) -> list[dict[str, Any]] | None:
    """What pip-audit says of each requirement; None where it did not get as far."""
    with tempfile.TemporaryDirectory() as folder:
        locked, found = Path(folder) / "requirements.txt", Path(folder) / "found.json"
        locked.write_text(requirements)
        command = [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(locked), "--require-hashes", "--disable-pip"),
            *("--progress-spinner", "off", "--timeout", "10", "--format", "json", "--output", str(found)),
        ]
        try:
            subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
            dependencies: list[dict[str, Any]] = json.loads(found.read_text())["dependencies"]
        except (subprocess.TimeoutExpired, OSError, ValueError, KeyError):
            return None
    return dependencies


def main(files: list[str]) -> int:
    locked = [Path(file).read_text() for file in files]
    probe = audit(_LINE.findall(locked[0])[0])
    if probe is None or any("skip_reason" in one for one in probe):
        print("The advisories cannot be reached from here: the requirements were not audited.")  # noqa: T201
        return 0
    found = {(one["name"], one.get("version")): one for text in locked for one in audit(text) or []}
    vulnerable = [one for one in found.values() if one.get("vulns")]
    for one in vulnerable:
        for vulnerability in one["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(f"{one['name']} {one['version']}: {vulnerability['id']}, fixed in {fixed}")  # noqa: T201
    print(f"{len(found)} requirements audited, {len(vulnerable)} with known vulnerabilities.")  # noqa: T201
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Published attacks on other readers, tried on ours: refused in words, with nothing run and no memory taken."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "known_cves.py"
# What harmed other readers and is legal: a member that nobody asks for, a chunk that is skipped, a cell.
LEGAL = {"CVE-2025-1889", "CVE-2014-9601", "CVE-2010-0205", "CVE-2011-3026", "CVE-2025-66293"}
LEGAL |= {"CVE-2019-17592", "CVE-2020-36649"}


def test_each_is_refused():
    result = subprocess.run([sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr[-2000:]
    outcomes = json.loads(result.stdout.splitlines()[-1])["outcomes"]
    assert len(outcomes) >= 60
    expected = {name: "read" if name.split()[0] in LEGAL else "refused" for name in outcomes}
    assert outcomes == expected

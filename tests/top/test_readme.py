"""What the README shows is what the program prints."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_step_that_is_shown_is_the_one_that_is_printed():
    shown = re.search(r"^```python\n(def step\(x, y\):\n.*?)```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    example = ROOT / "examples" / "replayed_step.py"
    done = subprocess.run([sys.executable, example], capture_output=True, encoding="utf-8", timeout=60)
    assert shown is not None, "the README shows no step"
    assert shown[1].strip() in done.stdout

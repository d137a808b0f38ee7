"""The benchmarks are run from the repository, not installed: tests find them where they lie."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

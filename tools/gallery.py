"""Draw the pictures of docs/gallery.md anew, by the commands that stand above them: python tools/gallery.py."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
COMMAND = re.compile(r"^\$ glassnet (.*)$", re.MULTILINE)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for line in COMMAND.findall((DOCS / "gallery.md").read_text("utf-8")):
            subprocess.run([sys.executable, "-m", "glassnet", *shlex.split(line)], cwd=folder, check=True)
        for picture in sorted(Path(folder).glob("*.svg")):
            shutil.copyfile(picture, DOCS / "pictures" / "gallery" / picture.name)
            print(os.path.join("docs", "pictures", "gallery", picture.name))


if __name__ == "__main__":
    main()

"""`python -m glassnet`: the program, where its folder is not on the path."""

import sys

from glassnet.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

"""The server of a classroom in a process of its own, which says where it is: `python -m benchmarks.classroom_server`.

Its frames say when they were due, so that the other end can tell how late they are (see `classroom_engine`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading

from benchmarks.classroom_engine import stamp_frames
from glassnet.server import engines
from glassnet.server.serve import CLASS_LIMITS, Server


def main() -> None:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=None)
    options = parser.parse_args()
    stamp_frames()
    engines.COMMAND = (sys.executable, "-m", "benchmarks.classroom_engine")
    processes = engines.number_of(True) if options.processes is None else options.processes
    server = Server("127.0.0.1", 0, limits=CLASS_LIMITS, processes=processes)
    print(json.dumps({"url": server.url, "port": server.port, "pid": os.getpid()}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.stop()), daemon=True).start()
    server.run()


if __name__ == "__main__":
    main()

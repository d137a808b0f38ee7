"""The programs here are run by `test_programs.py`, not imported."""

collect_ignore_glob = ["*.py"]

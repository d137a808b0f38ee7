"""Property tests draw the same cases at every run, so that a failure is one for everybody.

`pytest --hypothesis-seed=random` explores others.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

"""Properties are tested with the same examples each time; `HYPOTHESIS_PROFILE=search` looks further."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_finish() -> None:
    """Lets the garbage collector look less often, and never at what stays to the end: it took a tenth of the time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)

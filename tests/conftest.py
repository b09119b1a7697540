"""What all tests share: reproducible examples and random numbers."""

import os

import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run, and no time limit on one of them: the first compiles.
# `pytest --hypothesis-profile=default` draws fresh ones.
settings.register_profile("chainrule", derandomize=True, deadline=None)
settings.load_profile("chainrule")


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator that starts each test in the same state."""
    return np.random.default_rng(0)


# Every graph that a test compiles is verified after each pass.
os.environ["CHAINRULE_VERIFY"] = "1"

"""What all tests share: reproducible examples and random numbers."""

import os
from collections.abc import Iterator

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


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs of the tests, and of the processes that they start, are cached apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


# Every graph that a test compiles is verified after each pass.
os.environ["CHAINRULE_VERIFY"] = "1"

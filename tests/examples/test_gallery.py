"""The gallery runs, and shows what it says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GALLERY = Path(__file__).parents[2] / "examples" / "gallery"


def example(name: str) -> dict[str, Any]:
    """What the example defines."""
    pytest.importorskip("sklearn")
    return runpy.run_path(str(GALLERY / f"{name}.py"))


@pytest.mark.parametrize("data", ["breast_cancer", "wine"])
def test_generalised_linear_models_have_scikit_learns_coefficients(data: str) -> None:
    ours, theirs = example("generalised_linear_models")[data]()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert np.abs(theirs).max() > 0.3

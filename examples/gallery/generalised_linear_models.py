"""Logistic and multinomial regression on real data, beside scikit-learn.

Breast cancer (569 tumours, 30 measurements, two classes) and wine (178 bottles, 13 measurements,
three classes), each measurement standardised. Both libraries minimise the same penalised
likelihood, so that their coefficients are the same to the solver's precision. Run it with
``python examples/gallery/generalised_linear_models.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression

import chainrule as cr

PENALTY = 1.0


def standardised(x: Any) -> Any:
    return (x - x.mean(axis=0)) / x.std(axis=0)


def breast_cancer() -> tuple[Any, Any]:
    """Our weights of the 30 measurements, and scikit-learn's."""
    data = load_breast_cancer()
    x, y = standardised(data.data), data.target
    ours = cr.models.GLM.fit(x, y, "logit", penalty=PENALTY)
    theirs = LogisticRegression(C=1 / PENALTY, tol=1e-10, max_iter=10_000).fit(x, y)
    error = float(cr.losses.zero_one_error(y, (np.asarray(ours(x)) > 0.5).astype(int)).mean())
    print(f"breast cancer: training error {error:.3f}")
    return np.append(ours.weight, ours.bias), np.append(theirs.coef_[0], theirs.intercept_)


def wine() -> tuple[Any, Any]:
    """Our weights of 13 measurements for three wines, and scikit-learn's."""
    data = load_wine()
    x, y = standardised(data.data), data.target
    ours = cr.models.GLM.fit(x, y, "softmax", penalty=PENALTY)
    theirs = LogisticRegression(C=1 / PENALTY, tol=1e-10, max_iter=10_000).fit(x, y)
    error = float(cr.losses.zero_one_error(y, ours(x)).mean())
    print(f"wine: training error {error:.3f}")
    return ours.weight, theirs.coef_.T


def main() -> None:
    for name, (ours, theirs) in {"breast cancer": breast_cancer(), "wine": wine()}.items():
        print(f"{name}: coefficients differ by {np.abs(ours - theirs).max():.1e} at most")


if __name__ == "__main__":
    main()

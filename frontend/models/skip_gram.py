"""Word vectors that predict the words around a word."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import ops
from ...compiler.catalogue import plugin
from ...compiler.errors import ArgumentError
from ..pytree import module


@plugin("model", theory="nlp-02")
def cooccurrence_pairs(tokens: ArrayLike, radius: int) -> NDArray[np.int64]:
    r"""All pairs of a word and a neighbour at most `radius` places away.

    .. math:: C_R = \{(i, j) : 1 \le |i - j| \le R\}, \qquad |C_R| = 2 (R T - R (R + 1) / 2)

    Parameters
    ----------
    tokens : array (T,) of integers
        A text; T is greater than the radius.
    radius : int
        R, from 1.

    Returns
    -------
    array (P, 2)
        Word and neighbour, each pair in both directions.

    Raises
    ------
    ArgumentError
        For a radius that is none, or a text that is no longer than it.

    Examples
    --------
    >>> import chainrule as cr
    >>> cr.models.cooccurrence_pairs([7, 8, 9], 1).tolist()
    [[7, 8], [8, 9], [8, 7], [9, 8]]
    """
    words = np.asarray(tokens, np.int64)
    if not 1 <= radius < len(words):
        raise ArgumentError(
            f"cooccurrence_pairs: the radius is {radius}, wanted from 1 to {len(words) - 1}: less "
            f"than the text's length"
        )
    ahead = [np.stack([words[:-n], words[n:]], axis=1) for n in range(1, radius + 1)]
    return np.concatenate([*ahead, *(pairs[:, ::-1] for pairs in ahead)])


@plugin("model", theory="nlp-02 nlp-03")
@module
class SkipGram:
    r"""Two vectors for each word: one as a word, one as a neighbour.

    .. math::
        \log p(v \mid w) &= x_v^T z_w - \log \sum_u e^{x_u^T z_w} \\
        \ell &= -\log \sigma(x_v^T z_w) - \sum_{u \sim p_n} \log \sigma(-x_u^T z_w)

    Gradients of the tables are row-sparse: a step with negative samples costs what its rows do.

    Attributes
    ----------
    inner : array (V, d)
        z: the vectors of words.
    outer : array (V, d)
        x: those of neighbours.

    References
    ----------
    T. Mikolov et al., Distributed representations of words and phrases, NIPS 2013; O. Levy and
    Y. Goldberg, Neural word embedding as implicit matrix factorization, NIPS 2014.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule as cr
    >>> model = cr.models.SkipGram(np.zeros((4, 2)), np.zeros((4, 2)))
    >>> model.softmax_loss(np.array([[0, 1]])).round(4)
    array([1.3863])
    """

    inner: Any
    outer: Any

    @classmethod
    def create(cls, words: int, width: int, seed: int) -> SkipGram:
        """Small random float32 vectors for words, zeros for neighbours."""
        rng = np.random.default_rng(seed)
        inner = (rng.random((words, width), np.float32) - 0.5) / np.float32(width)
        return cls(inner, np.zeros((words, width), np.float32))

    def softmax_loss(self, pairs: Any) -> Any:
        """Negative log-likelihood of each neighbour: pairs (P, 2) of word and neighbour to (P,)."""
        words, neighbours = pairs[:, 0], pairs[:, 1]
        return ops.cross_entropy(self.inner[words] @ self.outer.T, neighbours)

    def negative_loss(self, pairs: Any, negatives: Any) -> Any:
        """Of pairs (P, 2) against sampled words (P, k): one number each."""
        words = self.inner[pairs[:, 0]]
        own = ops.sum(words * self.outer[pairs[:, 1]], axis=-1)
        others = ops.einsum(words, self.outer[negatives], subscripts="pd,pkd->pk")
        return ops.softplus(-own) + ops.sum(ops.softplus(others), axis=-1)

    def expected_loss(self, pairs: Any, noise: Any, k: int) -> Any:
        """`negative_loss` with k words drawn from `noise` (V,), by its expectation: (P,)."""
        scores = self.inner[pairs[:, 0]] @ self.outer.T
        own = ops.sum(self.inner[pairs[:, 0]] * self.outer[pairs[:, 1]], axis=-1)
        return ops.softplus(-own) + k * ops.sum(noise * ops.softplus(scores), axis=-1)

"""Models that the theory builds: linear ones behind links, risks, word vectors."""

from .glm import GLM
from .risk import Risk
from .skip_gram import SkipGram, cooccurrence_pairs

__all__ = ["GLM", "Risk", "SkipGram", "cooccurrence_pairs"]

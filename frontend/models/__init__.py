"""Models that the theory builds: word vectors now, sums of ridge functions and hinges to come."""

from .skip_gram import SkipGram, cooccurrence_pairs

__all__ = ["SkipGram", "cooccurrence_pairs"]

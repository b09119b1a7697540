"""Models that the theory builds: sums of ridge functions, hinges, polygonal lines."""

__all__: list[str] = []

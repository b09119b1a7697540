"""Tools that tell what a function of yours is: theorems that can be pointed at code."""

__all__: list[str] = []

"""From an optimised graph to one native entry: kernels, memory, machine code."""

"""Linear and affine maps."""

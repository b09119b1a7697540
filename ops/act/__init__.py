"""Elementary non-linearities."""

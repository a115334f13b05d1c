"""Values that name nobody, and are as good as absent."""

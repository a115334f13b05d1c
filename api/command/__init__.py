"""The ``kinfold`` command, one module for each group of commands."""

"""The doors: HTTP, the ``kinfold`` command, the explorer page and the tag."""

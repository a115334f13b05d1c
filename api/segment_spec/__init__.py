"""The Segment HTTP tracking specification."""

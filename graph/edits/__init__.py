"""What people change by hand: keys, properties, unions."""

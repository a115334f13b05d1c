"""The HTTP door: the application, its routes and what they share."""

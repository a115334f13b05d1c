"""A made-up world of people, devices and shared browsers whose truth is known, and what is measured with it."""

from graph.simulation.entities import Happening, Planted, Situation, Truth
from graph.simulation.parameters import Parameters
from graph.simulation.world import World

__all__ = ["Happening", "Parameters", "Planted", "Situation", "Truth", "World"]

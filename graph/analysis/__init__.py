"""Offline analysis of the identity graph: clusters of people who are tied, and what looks wrong."""

from graph.analysis.clusters import Cluster
from graph.analysis.findings import KINDS, Finding
from graph.analysis.run import Analysis, analyse

__all__ = ["KINDS", "Analysis", "Cluster", "Finding", "analyse"]

"""The product held against a model of its specification, step by step."""

"""Bulk loads of customers and of event logs."""

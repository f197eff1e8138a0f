"""Measurements: how fast, how accurate, beside what."""

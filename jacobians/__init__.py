"""Generalized Jacobians of ordinary NumPy code."""

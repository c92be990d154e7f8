"""Scripts as people write them, of NumPy alone: what `test_scripts` differentiates, unchanged."""

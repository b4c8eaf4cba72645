"""Demo: a hyperparameter search with small networks that read handwritten digits.

Requires numpy. No other package imports it.
"""

"""Demo: a hyperparameter search with small networks in numpy that read handwritten digits."""

"""Automatic logging of libraries: `mlflow.autolog`, `mlflow.sklearn.autolog`."""

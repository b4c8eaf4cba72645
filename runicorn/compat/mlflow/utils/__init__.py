"""`mlflow.utils`."""

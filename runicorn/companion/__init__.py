"""Companion process of a training: it outlives the training and judges how it ended."""

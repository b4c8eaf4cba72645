"""Keras 3, on whatever backend there is: `KERAS_BACKEND=torch python examples/with_keras.py`.

pip install keras scikit-learn, and one of torch, jax and tensorflow
"""

from __future__ import annotations

import argparse

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from runicorn.integrations.keras import RunicornCallback


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    options = parser.parse_args()

    keras.utils.set_random_seed(0)
    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images / 16, labels, test_size=0.3, random_state=0)

    model = keras.Sequential(
        [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        train_x,
        train_y,
        batch_size=32,
        epochs=options.epochs,
        validation_data=(val_x, val_y),
        verbose=0,
        # every=10 logs within the epochs too; without it there is a point an epoch
        callbacks=[RunicornCallback(every=10, project="digits", name="keras", tags=["example"])],
    )


if __name__ == "__main__":
    main()

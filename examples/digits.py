"""What `runicorn demo` does, as a script: a network of scikit-learn learns to read digits.

pip install scikit-learn; python examples/digits.py --hidden 64 --rate 0.05
"""

from __future__ import annotations

import argparse

from sklearn.datasets import load_digits
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.utils import shuffle

import runicorn as rn

SHOWN = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images / 16, labels, test_size=0.3, random_state=0)
    model = MLPClassifier(options.hidden, solver="sgd", learning_rate_init=options.rate, random_state=0)

    # The run ends with the block: finished, or failed when an exception leaves it.
    with rn.init("digits", "scikit-learn", config=options, tags=["example"]) as run:
        run.set_primary_metric("val/accuracy", mode="max")
        for epoch in range(1, options.epochs + 1):
            train_x, train_y = shuffle(train_x, train_y, random_state=epoch)
            for start in range(0, len(train_x), options.batch):
                batch = slice(start, start + options.batch)
                model.partial_fit(train_x[batch], train_y[batch], classes=range(10))
                run.log({"train/loss": model.loss_})

            guesses, chances = model.predict(val_x), model.predict_proba(val_x)
            accuracy = (guesses == val_y).mean()
            f1 = f1_score(val_y, guesses, average="macro")
            run.log(
                {"val/loss": log_loss(val_y, chances), "val/accuracy": accuracy, "val/f1": f1, "epoch": epoch}
            )
            run.log_text(f"epoch {epoch}: accuracy {accuracy:.1%}")

        for number in (guesses != val_y).nonzero()[0][:SHOWN]:
            caption = f"{val_y[number]} read as {guesses[number]}"
            run.log_image("mistakes", val_x[number].reshape(8, 8), step=int(number), caption=caption)
        run.summary({"final_accuracy": accuracy})


if __name__ == "__main__":
    main()

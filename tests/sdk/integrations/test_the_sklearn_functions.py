"""Fitted models and searches of scikit-learn, and what the functions have written of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn import metrics
from sklearn.datasets import load_digits
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import runicorn as rn
from runicorn.integrations.sklearn import log_model, log_search
from tests.records import Record, records

IMAGES, LABELS = load_digits(return_X_y=True)
TRAIN, VAL = slice(200), slice(200, 300)


def test_a_classifier_is_logged_with_its_scores_and_confusion_matrix(only_run: Callable[[], Record]) -> None:
    model = make_pipeline(StandardScaler(), SGDClassifier(alpha=0.01, random_state=0))
    model.fit(IMAGES[TRAIN], LABELS[TRAIN])
    scores = log_model(model, IMAGES[VAL], LABELS[VAL], project="digits", name="sgd")
    run, predicted = only_run(), model.predict(IMAGES[VAL])
    assert (
        run.summary["accuracy_score"]
        == scores["accuracy_score"]
        == metrics.accuracy_score(LABELS[VAL], predicted)
    )
    assert run.summary["f1_score"] == pytest.approx(
        metrics.f1_score(LABELS[VAL], predicted, average="weighted", zero_division=0)
    )
    assert run.config["sgdclassifier__alpha"] == 0.01
    matrix, importance = run.events("table")
    content = json.loads((run.path / matrix["path"]).read_text())
    assert sum(sum(row[1:]) for row in content["rows"]) == 100
    assert importance["key"] == "feature_importance"
    assert run.status["status"] == "finished"


def test_a_regressor_is_logged_to_the_active_run_with_its_losses(only_run: Callable[[], Record]) -> None:
    model = GradientBoostingRegressor(n_estimators=4, random_state=0).fit(IMAGES[TRAIN], LABELS[TRAIN])
    with rn.init("own") as run:
        scores = log_model(model, IMAGES[VAL], LABELS[VAL])
        assert run.is_open()
    assert set(scores) == {"mae", "mse", "r2_score"}
    assert only_run().curve("train/loss") == list(enumerate(model.train_score_.tolist(), start=1))


def test_the_candidates_of_a_search_are_runs_of_a_group(root: Path) -> None:
    search = GridSearchCV(SGDClassifier(random_state=0), {"alpha": [0.001, 0.1]}, cv=3)
    search.fit(IMAGES[TRAIN], LABELS[TRAIN])
    log_search(search, project="digits", group="alphas")
    runs = records(root)
    assert [(run.meta["group"], run.config["alpha"]) for run in runs] == [("alphas", 0.001), ("alphas", 0.1)]
    for number, run in enumerate(runs):
        expected = [search.cv_results_[f"split{fold}_test_score"][number] for fold in range(3)]
        assert [value for _, value in run.curve("test_score")] == pytest.approx(expected)
        assert run.summary["test_score"] == pytest.approx(search.cv_results_["mean_test_score"][number])
        assert run.summary["rank"] == search.cv_results_["rank_test_score"][number]

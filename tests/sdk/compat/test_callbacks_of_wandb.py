"""W&B's callbacks for other libraries, in scripts as their documentation shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.records import Record, records
from tests.sdk.compat.conftest import Launch
from tests.sdk.integrations.libraries import needs_library

DATA = """
    import numpy as np, wandb
    X = np.random.default_rng(0).random((200, 4))
    y = (X.sum(1) > 2).astype(int)
    X_train, X_test, y_train, y_test = X[:150], X[150:], y[:150], y[150:]
"""


def _tables(run: Record) -> dict[str, Any]:
    return {event["key"]: json.loads((run.path / event["path"]).read_text()) for event in run.events("table")}


@pytest.mark.torture
@needs_library("xgboost", "sklearn")
def test_the_callback_for_xgboost(launch: Launch, folder: Path) -> None:
    process = launch(
        DATA
        + """
    import xgboost as xgb
    from wandb.integration.xgboost import WandbCallback
    with wandb.init(project="trees", config={"max_depth": 2}) as run:
        model = xgb.XGBClassifier(n_estimators=5, max_depth=run.config.max_depth, early_stopping_rounds=5,
                                  callbacks=[WandbCallback(log_model=True)])
        model.fit(X_train, y_train, eval_set=[(X_test, y_test)], verbose=False)
        assert wandb.run.summary["best_iteration"] == model.best_iteration
    with wandb.init(project="trees"):
        xgb.cv({}, xgb.DMatrix(X, y), 2, nfold=2, callbacks=[wandb.xgboost.WandbCallback()])
    """
    )
    assert process.returncode == 0, process.stderr
    first, second = records(folder)
    assert len(first.curve("validation_0-logloss")) == 5 == len(first.curve("epoch"))
    assert first.config["max_depth"] == 2 and "learner.objective.name" in first.config
    assert first.summary["validation_0-logloss.min"] == min(
        value for _, value in first.curve("validation_0-logloss")
    )
    assert _tables(first)["Feature Importance"]["columns"] == ["Feature", "Importance"]
    assert list(folder.glob("artifacts/model/*_model.json/v1/files/*.json"))
    assert len(second.curve("test-rmse-mean")) == 2
    assert "not supported" not in process.stderr


@pytest.mark.torture
@needs_library("lightgbm")
def test_the_callback_for_lightgbm(launch: Launch, folder: Path) -> None:
    process = launch(
        DATA
        + """
    import lightgbm as lgb
    from wandb.integration.lightgbm import log_summary, wandb_callback
    parameters = {"objective": "binary", "metric": ["binary_logloss", "auc"], "verbose": -1}
    with wandb.init(project="trees"):
        model = lgb.train(parameters, lgb.Dataset(X_train, y_train), 5, valid_sets=[lgb.Dataset(X_test, y_test)],
                          valid_names=["validation"], callbacks=[wandb_callback()])
        log_summary(model, save_model_checkpoint=True)
    with wandb.init(project="trees"):
        lgb.cv(parameters, lgb.Dataset(X, y), 2, nfold=2, callbacks=[wandb.lightgbm.wandb_callback()])
    """
    )
    assert process.returncode == 0, process.stderr
    first, second = records(folder)
    assert len(first.curve("validation_auc")) == 5 and first.config["objective"] == "binary"
    assert first.summary["validation_auc.max"] == max(value for _, value in first.curve("validation_auc"))
    assert set(_tables(first)) == {"Feature Importance"}
    assert list(folder.glob("artifacts/model/model_*/v1/files/model_ckpt_*.txt"))
    assert len(second.curve("valid_auc-mean")) == 2
    assert "not supported" not in process.stderr


@pytest.mark.torture
@needs_library("catboost")
def test_the_callback_for_catboost(launch: Launch, folder: Path) -> None:
    process = launch(
        DATA
        + """
    from catboost import CatBoostClassifier
    from wandb.integration.catboost import WandbCallback, log_summary
    with wandb.init(project="trees"):
        model = CatBoostClassifier(iterations=7, depth=2, verbose=0, metric_period=3, allow_writing_files=False)
        model.fit(X_train, y_train, eval_set=(X_test, y_test), callbacks=[WandbCallback(metric_period=3)])
        log_summary(model, save_model_checkpoint=True)
        assert wandb.run.summary["best_iteration"] == model.get_best_iteration()
        print(model.get_evals_result()["validation"]["Logloss"])
    """
    )
    assert process.returncode == 0, process.stderr
    (run,) = records(folder)
    logged = [value for _, value in run.curve("validation-Logloss")]
    assert logged and logged == json.loads(process.stdout)
    assert [value for _, value in run.curve("iteration@metric-period-3")][-1] == 7
    assert run.config["depth"] == 2 and run.summary["best_score.validation.Logloss"] == min(logged)
    assert _tables(run)["Feature Importance"]["columns"] == ["Feature", "Importance"]
    assert list(folder.glob("artifacts/model/model_*/v1/files/model"))
    assert "not supported" not in process.stderr


@pytest.mark.torture
@needs_library("keras", "torch")
def test_the_callbacks_for_keras(launch: Launch, folder: Path) -> None:
    process = launch(
        DATA
        + """
    import keras
    from wandb.integration.keras import WandbEvalCallback, WandbMetricsLogger, WandbModelCheckpoint
    from wandb.keras import WandbCallback

    def network():
        model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    class Evaluation(WandbEvalCallback):
        def add_ground_truth(self, logs=None):
            for n, label in enumerate(y_test[:3]):
                self.data_table.add_data(n, label)
        def add_model_predictions(self, epoch, logs=None):
            for n in self.data_table_ref.get_index():
                self.pred_table.add_data(epoch, *self.data_table_ref.data[n], 1)

    def train(*callbacks):
        with wandb.init(project="nets"):
            network().fit(X_train, y_train, batch_size=50, epochs=2, validation_data=(X_test, y_test), verbose=0,
                          callbacks=[make() for make in callbacks])

    train(lambda: WandbMetricsLogger(), lambda: WandbModelCheckpoint("models/{epoch:02d}.keras"),
          lambda: Evaluation(["n", "label"], ["epoch", "n", "label", "guess"]))
    train(lambda: WandbMetricsLogger(log_freq="batch"))
    train(lambda: WandbCallback(log_weights=True, validation_data=(X_test, y_test)))
    """,
        KERAS_BACKEND="torch",
    )
    assert process.returncode == 0, process.stderr
    first, second, third = records(folder)
    assert [step for step, _ in first.curve("epoch/val_loss")] == [0, 1]
    assert first.curve("epoch/learning_rate")[0] == (0, pytest.approx(0.001))
    assert _tables(first)["eval_data"]["rows"][0][0] == 1
    assert len(list(folder.glob("artifacts/model/run_*_model/v*/files/*.keras"))) == 2
    assert [step for step, _ in second.curve("batch/loss")] == [0, 1, 2, 3, 4, 5]
    assert third.summary["best_val_loss"] == min(value for _, value in third.curve("val_loss"))
    assert (third.path / "files" / "model-best.keras").is_file()
    assert len(third.events("histogram")) == 8
    assert "validation_data is not supported" in process.stderr


@pytest.mark.torture
@needs_library("sklearn")
def test_the_charts_of_scikit_learn(launch: Launch, folder: Path) -> None:
    process = launch(
        DATA
        + """
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import Ridge
    model = RandomForestClassifier(5, random_state=0).fit(X_train, y_train)
    with wandb.init(project="models") as run:
        wandb.sklearn.plot_classifier(model, X_train, X_test, y_train, y_test, model.predict(X_test),
                                      model.predict_proba(X_test), labels=["no", "yes"], is_binary=True,
                                      feature_names=list("abcd"), log_learning_curve=True)
        assert 0.5 < run.summary["accuracy_score"] <= 1
    with wandb.init(project="models"):
        wandb.sklearn.plot_regressor(Ridge(), X_train, X_test, X_train.sum(1), X_test.sum(1))
    with wandb.init(project="models"):
        clusters = KMeans(3, n_init=1)
        wandb.sklearn.plot_clusterer(clusters, X, clusters.fit_predict(X), labels=["a", "b", "c"])
        wandb.sklearn.plot_roc([0, 1], None)
    """
    )
    assert process.returncode == 0, process.stderr
    classifier, regressor, clusterer = map(_tables, records(folder))
    assert set(classifier) == {
        *("feature_importances", "learning_curve", "confusion_matrix", "summary_metrics"),
        *("class_proportions", "calibration_curve", "roc", "precision_recall"),
    }
    assert sum(row[2] for row in classifier["confusion_matrix"]["rows"]) == 50
    assert sorted(row[0] for row in classifier["feature_importances"]["rows"]) == list("abcd")
    assert set(regressor) == {"summary_metrics", "learning_curve", "outlier_candidates", "residuals"}
    assert set(clusterer) == {"elbow_curve", "silhouette"}
    assert process.stderr.count("was not logged") == 1 and "plot_roc" in process.stderr

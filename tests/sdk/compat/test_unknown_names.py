"""Names of other trackers that are not implemented: inert objects of the kind that the script needs."""

from __future__ import annotations

from tests.sdk.compat.conftest import Launch


def _warnings(text: str) -> list[str]:
    return [line.split()[1] for line in text.splitlines() if "is not supported" in line]


def test_an_unknown_callback_does_not_stop_a_training(launch: Launch) -> None:
    process = launch(
        """
        import abc, wandb
        from wandb.integration.someone import Callback

        def train(callbacks):
            for callback in callbacks:
                callback.set_model(object())
                control = callback.on_train_begin(1, logs={})
                assert control is None
                callback.before_iteration = False
                callback.order = 3
            return "trained"

        class Mine(Callback):
            def __init__(self, patience):
                super().__init__(log="all")
                self.patience = patience
            def on_epoch_end(self, epoch):
                return self.patience

        class Base(abc.ABC):
            @abc.abstractmethod
            def after(self): ...

        class Both(Callback, Base):
            def after(self):
                return 2

        for _ in range(2):
            assert train([Callback(log="all"), Mine(5)]) == "trained"
        assert isinstance(Mine(5), Callback) and Mine(7).on_epoch_end(1) == 7 and Both().after() == 2
        """
    )
    assert process.returncode == 0, process.stderr
    assert _warnings(process.stderr)[0] == "wandb.integration.someone.Callback"
    assert len(set(_warnings(process.stderr))) == len(_warnings(process.stderr))


def test_unknown_names_are_context_managers_iterables_decorators_and_errors(launch: Launch) -> None:
    process = launch(
        """
        import mlflow, wandb
        run = wandb.init(project="p", mode="disabled")
        with wandb.unheard_span("a") as span:
            span.set_inputs({"a": 1})
            span["key"] = 1
        assert [row for row in run.UnheardOfRows()] == [] and not run.UnheardOfRows()

        @mlflow.unheard_of
        def bare(x):
            return x + 1

        @mlflow.unheard_of_tracer(name="span")
        def named(x):
            return x + 2

        assert (bare(1), named(1)) == (2, 3)
        try:
            raise ValueError("mine")
        except wandb.errors.UnheardOfError:
            raise AssertionError
        except ValueError:
            pass
        try:
            raise wandb.errors.UnheardOfError("theirs")
        except wandb.errors.UnheardOfError as error:
            assert str(error) == "theirs"
        """
    )
    assert process.returncode == 0, process.stderr
    assert _warnings(process.stderr) == [
        "wandb.unheard_span",
        "wandb.unheard_span.set_inputs",
        "wandb.Run.UnheardOfRows",
        "mlflow.unheard_of",
        "mlflow.unheard_of_tracer",
    ]


def test_results_of_unknown_functions_are_inert_objects(launch: Launch) -> None:
    process = launch(
        """
        import mlflow, trackio, wandb
        result = mlflow.evaluate("model", [1], targets="y")
        assert not result.metrics and dict(result.metrics.items()) == {}
        assert f"{result.metrics['accuracy']:.3f}" and not result.metrics["accuracy"] > 0.5
        assert mlflow.pyfunc.log_model("m", python_model=None).model_uri is not None
        assert list(mlflow.register_model("uri", "name").aliases) == []
        assert trackio.Api().create_registry("models").name is not None
        assert wandb.Api().create_team("t").name is not None
        with mlflow.start_run() as run:
            assert list(run.inputs.dataset_inputs) == []
            mlflow.log_metric("acc", result.metrics["accuracy"])
        """
    )
    assert process.returncode == 0, process.stderr
    assert "mlflow.evaluate" in _warnings(process.stderr)

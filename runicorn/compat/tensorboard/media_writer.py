"""Media of `SummaryWriter`: images, figures, videos, sounds, histograms and curves of precision and recall."""

from __future__ import annotations

from typing import Any

from runicorn.compat import media
from runicorn.compat.guard import guarded
from runicorn.compat.unknown import UnknownMethods, quiet
from runicorn.tracking.run import Run

BINS = 64


class MediaWriter(UnknownMethods):
    """Methods that store files of a run."""

    _run: Run
    add_graph = quiet("add_graph")
    add_onnx_graph = quiet("add_onnx_graph")
    add_openvino_graph = quiet("add_openvino_graph")
    add_embedding = quiet("add_embedding")
    add_mesh = quiet("add_mesh")
    add_custom_scalars = quiet("add_custom_scalars")
    add_custom_scalars_multilinechart = quiet("add_custom_scalars_multilinechart")
    add_custom_scalars_marginchart = quiet("add_custom_scalars_marginchart")

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
        **options: Any,
    ) -> None:
        """Store an image; `dataformats` names its dimensions."""
        with guarded(f"add_image({tag!r})"):
            self._image(tag, _arranged(img_tensor, dataformats), global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
        **options: Any,
    ) -> None:
        """Store a batch of images under one key."""
        with guarded(f"add_images({tag!r})"):
            batch = _array(img_tensor)
            for image in batch.swapaxes(0, dataformats.upper().index("N")):
                inner = dataformats.upper().replace("N", "")
                self._image(tag, _arranged(image, inner), global_step, walltime)

    def add_image_with_boxes(
        self, tag: str, img_tensor: Any, box_tensor: Any, global_step: Any = None, **options: Any
    ) -> None:
        """Store an image; the boxes are not drawn."""
        formats = str(options.get("dataformats", "CHW"))
        self.add_image(tag, img_tensor, global_step, options.get("walltime"), formats)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: Any = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Store Matplotlib figures; they are closed unless `close` is False."""
        with guarded(f"add_figure({tag!r})"):
            for single_figure in figure if isinstance(figure, list) else [figure]:
                self._image(tag, single_figure, global_step, walltime)
                if close:
                    import matplotlib.pyplot as plt

                    plt.close(single_figure)

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: Any = None,
        fps: float = 4,
        walltime: float | None = None,
        **options: Any,
    ) -> None:
        """Store videos (batch, time, channel, height, width) as a GIF."""
        with guarded(f"add_video({tag!r})"):
            content, suffix = media.encode_frames(vid_tensor, fps)
            self._file(tag, content, suffix, global_step, walltime)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: Any = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Store a sound, samples from -1 to 1, as a WAV file."""
        with guarded(f"add_audio({tag!r})"):
            content, suffix = media.encode_sound(_array(snd_tensor).squeeze(), sample_rate)
            self._file(tag, content, suffix, global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        with guarded(f"add_histogram({tag!r})"):
            count = bins if isinstance(bins, int) else max_bins or BINS
            media.store_histogram(self._run, tag, values, count, global_step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: Any,
        max: Any,
        num: Any,
        sum: Any,
        sum_squares: Any,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Store a histogram that was counted elsewhere: each limit is the upper edge of a bucket."""
        with guarded(f"add_histogram_raw({tag!r})"):
            limits = [float(limit) for limit in bucket_limits]
            limits[-1] = float(max) if limits[-1] > 1e300 else limits[-1]
            low = float(min) if float(min) <= limits[0] else limits[0]
            media.store_bins(self._run, tag, [low, *limits], bucket_counts, global_step, walltime)

    def add_tensor(
        self, tag: str, tensor: Any, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Store the numbers of a tensor as a histogram."""
        self.add_histogram(tag, tensor, global_step, walltime=walltime)

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Store precision and recall at evenly spaced thresholds as a table."""
        with guarded(f"add_pr_curve({tag!r})"):
            import numpy as np

            truth, scores = _array(labels).ravel() > 0, _array(predictions).ravel()
            weight = np.ones(len(truth)) if weights is None else _array(weights).ravel()
            rows = []
            for threshold in np.linspace(0, 1, num_thresholds):
                positive = scores >= threshold
                hits, total = weight[positive & truth].sum(), weight[truth].sum()
                precision = hits / weight[positive].sum() if positive.any() else 1.0
                rows.append([float(threshold), float(precision), float(hits / total) if total else 0.0])
            self._curve(tag, rows, global_step, walltime)

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Store given precisions and recalls as a table."""
        with guarded(f"add_pr_curve_raw({tag!r})"):
            hits, sensitivities = _array(precision).ravel(), _array(recall).ravel()
            if len(hits) != len(sensitivities):
                raise ValueError("precision and recall have different lengths")
            pairs = list(zip(hits, sensitivities))
            last = max(1, len(pairs) - 1)
            rows = [[n / last, float(hit), float(value)] for n, (hit, value) in enumerate(pairs)]
            self._curve(tag, rows, global_step, walltime)

    def _curve(self, tag: str, rows: list[list[float]], step: Any, walltime: float | None) -> None:
        media.store_table(self._run, tag, rows, ["threshold", "precision", "recall"], step, walltime)

    def _image(self, tag: str, image: Any, step: Any, walltime: float | None) -> None:
        content, suffix = media.encode_image(image)
        self._file(tag, content, suffix, step, walltime)

    def _file(self, tag: str, content: bytes, suffix: str, step: Any, walltime: float | None) -> None:
        self._run.log_file("image", str(tag), content, suffix, step, walltime, caption=None)


def _array(value: Any) -> Any:
    import numpy as np

    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _arranged(image: Any, formats: str) -> Any:
    """Return an image with the dimensions height, width, channel."""
    order = formats.upper()
    array = _array(image)
    if len(order) != array.ndim:
        raise ValueError(f"an image of {array.ndim} dimensions does not match {order!r}")
    return array.transpose([order.index(name) for name in "HWC" if name in order])

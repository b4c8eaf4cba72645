"""Whether more or less of a metric is better."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

LESS_IS_BETTER = re.compile(
    r"loss|error|perplexity|latency|regret|cross ?entropy|"
    r"\b(?:err|ppl|mse|mae|rmse|wer|cer|fid|nll|bpb|kl|l1|l2|msle|rmsle|mape|smape|nloglik|deviance|eer|lpips)\b",
    re.IGNORECASE,
)
MORE_IS_BETTER = re.compile(
    r"accuracy|reward|precision|recall|score|throughput|"
    r"\b(?:acc|acc1|acc5|top1|top5|f1|auc|auroc|auprc|map|ap|iou|miou|dice|bleu|rouge|psnr|ssim|r2|return|"
    r"success|win|mrr|ndcg|pass)\b",
    re.IGNORECASE,
)


class Goal(NamedTuple):
    """Direction in which a metric is better, and whether only its name says so."""

    direction: Literal["min", "max", "unknown"]
    is_assumed: bool = False


UNKNOWN = Goal("unknown")


def goal_by_name(metric: str) -> Goal:
    """Return the direction that the name of a metric suggests."""
    words = re.sub(r"[_/.@:-]", " ", metric)
    if LESS_IS_BETTER.search(words):
        return Goal("min", True)
    return Goal("max", True) if MORE_IS_BETTER.search(words) else UNKNOWN

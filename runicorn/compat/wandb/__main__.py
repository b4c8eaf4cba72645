"""Entry point of `runicorn run -m wandb sweep FILE` and `runicorn run -m wandb agent SWEEP`."""

from __future__ import annotations

import sys

from runicorn.compat.wandb.sweeps.agent import main

if __name__ == "__main__":
    main(sys.argv[1:])

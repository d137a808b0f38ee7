"""`glassnet train DATA --overfit-one-batch`: a check before a long training, and nothing is written."""

from __future__ import annotations

import sys
from typing import Any

from glassnet.cli.terminal import Terminal
from glassnet.train.sanity import overfit_one_batch
from glassnet.train.training import Training

_MOST = 32  # examples of the batch


def overfit(request: Any) -> int:
    """Let the network of a request learn one batch by heart; 0 if it can."""
    terminal = Terminal(sys.stdout)
    training = Training(request.data, request.settings)
    trainer = training.trainer
    x, y = (part[: min(_MOST, request.settings.batch_size or _MOST)] for part in training.learned)
    check = overfit_one_batch(training.model, trainer.loss, trainer.optimizer, (x, y), prepare=training.prepare)
    if request.flag("json"):
        from glassnet.files import strict_json

        values = {"passed": check.passed, "first": check.first, "last": check.last, "steps": check.steps}
        sys.stdout.write(strict_json.dumps(values, non_finite="null", sort_keys=False))
    elif not request.flag("quiet"):
        word = terminal.paint("PASS", "1;32") if check.passed else terminal.paint("FAIL", "1;31")
        fell = f"the loss went from {check.first:.4g} to {check.last:.4g} in {check.steps} steps"
        says = "learns one batch by heart" if check.passed else "cannot learn one batch by heart"
        terminal.say(f"{word}  the network {says}: {fell}, {len(x)} examples")
        if not check.passed:
            terminal.say("      try another --learning-rate or --init, or a larger --hidden; see glassnet doctor")
    return 0 if check.passed else 1

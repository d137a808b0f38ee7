"""`glassnet train`: learn a data set, show what came of it, keep the model."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from glassnet.cli.data import plain
from glassnet.cli.onlooker import LIVE_SECONDS, check_looks, looked_at
from glassnet.cli.options import parse
from glassnet.cli.progress import Progress
from glassnet.cli.report import report
from glassnet.cli.resume import checkpoints_in, reopened, without_machine
from glassnet.cli.table import figures_before, memory_used, origin_of
from glassnet.cli.terminal import Terminal
from glassnet.cli.train_request import PAGE, Request, options_for, set_threads, understand
from glassnet.cli.train_told import closing, opening, ratio
from glassnet.cli.whereabouts import seen_from, without_folders
from glassnet.data.datasets import DATASETS
from glassnet.errors import ValueRangeError
from glassnet.train.callbacks import Callback
from glassnet.train.evaluation import Evaluation
from glassnet.train.ground import GroundRecorder
from glassnet.train.in_pieces import Judged
from glassnet.train.interrupt import Interrupt
from glassnet.train.machine import Blas, describe_machine, lowered_kernels
from glassnet.train.moments import MomentsFile
from glassnet.train.predictions import Predictions
from glassnet.train.recording import WRITE_SECONDS, Recorder
from glassnet.train.run_folder import MODEL, TENSORBOARD, RunFolder
from glassnet.train.telling import TellStep
from glassnet.train.trained import Trained
from glassnet.train.training import Moment, Training

_MOST_NAMES = 64


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    began = time.perf_counter()
    parsed = parse(words, options_for())
    if parsed.flag("help"):
        return PAGE.show(options_for(next((name for name in parsed.arguments if plain(name) in DATASETS), None)))
    blas = Blas()
    folder, state, words = None, None, list(words)
    if "resume" in parsed.values:
        parsed, words, folder, state = reopened(parsed, options_for())
    request = understand(parsed, words)
    set_threads(blas, request)
    check_looks(parsed)
    if parsed.flag("overfit_one_batch"):
        from glassnet.cli.sanity import overfit

        return overfit(request)
    quiet = request.flag("quiet") or request.flag("json")
    warning = lowered_kernels(blas.core)
    if warning and not quiet:
        print(f"glassnet: {warning}", file=sys.stderr)
    state = without_machine(state, quiet) if state is not None else None
    folder = folder or RunFolder(request.data.name, parsed.values.get("output"))
    terminal = Terminal(sys.stdout)
    looks = looked_at(folder.path, parsed, Terminal(sys.stderr) if quiet else terminal, quiet)
    with folder.held(), looks as onlooker:
        run = _Run(request, folder, blas, warning, began + onlooker.waited, state)
        status = run.follow(terminal, quiet)
        onlooker.end(status)
    return status


class _Run:
    """A training from its first step to its last line."""

    def __init__(
        self,
        request: Request,
        folder: RunFolder,
        blas: Blas,
        warning: str | None,
        began: float,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.request, self.folder, self.blas, self.warning, self.began = request, folder, blas, warning, began
        about = {"words": request.words}
        pace = LIVE_SECONDS if request.flag("live") else WRITE_SECONDS
        self.recorder = Recorder(folder.path, result=False, write_seconds=pace)
        self.teller = TellStep(request.parsed.values.get("explain_step", 1), write=None)
        grounds = GroundRecorder(folder.path, request.data, pace)
        listeners = [self.recorder, grounds, *self._for_tensorboard()]
        listeners += [self.teller] if "explain_step" in request.parsed.values else []
        guard = request.flag("nan_guard")
        self.training = Training(request.data, request.settings, checkpoints_in(folder), state, about, listeners, guard)
        self._from_the_start = state is None
        self.start = self.training.before()
        self.recorder.config = self.configuration()
        self.loading = time.perf_counter() - began
        self._unheard: OSError | None = None  # why nobody reads what is said any more

    def follow(self, terminal: Terminal, quiet: bool) -> int:
        """Train, save, show; the exit status."""
        request, training = self.request, self.training
        if not quiet:
            self._tell(lambda: terminal.say(*opening(request, training, self.blas, terminal), ""))
        with Interrupt(ask=lambda: training.stop("a signal")) as interrupt:
            try:
                last = self._learn(Progress(terminal, quiet))
            except ValueRangeError as problem:
                self._note_failure(problem)
                raise ValueRangeError(_as_typed(str(problem))) from problem
            self._save()
            kept, judged = self._test(last)
            kept.write(self.folder.path)
            text = self.folder.write_result(self.result(judged.test, interrupt.name))
        if self._unheard is not None and not interrupt.status:
            raise self._unheard
        if request.flag("json"):
            sys.stdout.write(text)
        elif not quiet:
            lines = report(judged.test, request.data, training.tested[0], terminal, kept.of, judged.say)
            ending = closing(request, training, self.folder.path, kept, terminal, interrupt.name)
            terminal.say("", *lines, "", *self._told_step(terminal), *ending)
        return interrupt.status

    def _tell(self, say: Callable[[], None]) -> None:
        """Show something. A reader that has left (`| head`) or a full disk behind the standard output ends no training:
        it goes on in silence, and what went wrong is said once all is kept."""
        if self._unheard is None:
            try:
                say()
            except OSError as problem:
                self._unheard = problem

    def _told_step(self, terminal: Terminal) -> list[str]:
        """The step that --explain-step asked for."""
        if "explain_step" not in self.request.parsed.values:
            return []
        told, step = self.teller.document, self.teller.step
        if told is None:
            return [f"step {step:,} is not told: this training ended after step {self.training.trainer.step:,}", ""]
        return [*told.text(terminal.width, terminal.colour, terminal.unicode).splitlines(), ""]

    def _note_failure(self, problem: Exception) -> None:
        """A loss that went astray is told in the run's folder, if there was an epoch before."""
        training = self.training
        if training.history:
            told = {"history": training.history, "epochs_done": training.epochs_done, "failed": str(problem)}
            self.folder.write_result({**self.recorder.config, **told})

    def _for_tensorboard(self) -> list[Callback]:
        if not self.request.flag("tensorboard"):
            return []
        from glassnet.train.tensorboard import TensorBoard

        settings = self.request.settings.as_dict()
        text = "\n".join(["| setting | value |", "| --- | --- |", *(f"| {n} | {v} |" for n, v in settings.items())])
        return [TensorBoard(os.path.join(self.folder.path, TENSORBOARD), text=text)]

    def _test(self, last: Moment | None) -> tuple[Predictions, Judged]:
        """The test at the end, and what was said of every example; the last epoch may have had it already."""
        training, of = self.training, "test" if len(self.request.data.x_test) else "training"
        origin = origin_of(self.request.data, of)
        kept = Predictions(len(training.tested[0]), self.request.data.classes, of, origin)
        known = last is not None and last.test is not None and last.part == "test" and training.stopped is None
        if not known or training.judgement.said is not None:  # of very many examples it has only the worst
            return kept, training.tell_test(kept)
        kept.add(training.judgement.test)
        return kept, training.judgement

    def _learn(self, progress: Progress) -> Moment | None:
        """Train to the end, or until a signal comes; the last moment."""
        moment = None
        if self._from_the_start:
            self._tell(partial(progress.begin, self.start))
        with MomentsFile(self.folder.path, self.training) as file:
            try:
                for moment in self.training:
                    file.keep(moment)
                    self._tell(partial(progress.show, moment))
                self._tell(progress.end)
            finally:
                self._tell(progress.clear)
        return moment

    def _save(self) -> None:
        request, training = self.request, self.training
        about = {
            "data": {"name": request.data.name, "options": without_folders(request.data_options)},
            "settings": request.settings.as_dict(),
            "epochs_done": training.epochs_done,
        }
        trained = Trained(training.model, training.prepare, request.data.task, request.data.classes, about)
        trained.save(self.folder.model)

    def configuration(self) -> dict[str, Any]:
        """What the run is, before its first step, for `config.json`."""
        request, training = self.request, self.training
        data = request.data
        return {
            "format": 1,
            "command": ["glassnet", "train", *request.words],
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "data": {
                "name": data.name,
                "task": data.task,
                "options": seen_from(self.folder.path, request.data_options),
                "train": training.examples,
                "validation": len(training.validation[0]) if training.validation is not None else 0,
                "test": len(data.x_test),
                "features": data.n_features,
                "classes": list(data.classes),
                "shape": list(data.x_train.shape[1:]),
                "feature_names": _few(data.feature_names),
                **figures_before(data),
            },
            "network": request.shape,
            "parameters": training.parameters,
            "recipe": request.recipe,
            "settings": request.settings.as_dict(),
        }

    def result(self, test: Evaluation, stopped: str | None) -> dict[str, Any]:
        """Everything that is known about the run, for `result.json`."""
        training = self.training
        return {
            **self.recorder.config,
            **test.as_dict(),
            "before": self.start.figures(),
            "history": training.history,
            "epochs_done": training.epochs_done,
            "stopped": stopped or training.stopped,
            "best_epoch": training.best_epoch,
            "seconds": {
                "loading": self.loading,
                "training": training.seconds,
                "total": time.perf_counter() - self.began,
            },
            "examples_per_second": ratio(training.epochs_done * training.examples, training.seconds),
            **memory_used(self.request.data),
            "machine": describe_machine(self.blas),
            "warnings": [self.warning] if self.warning else [],
            "model": MODEL,
        }


def _as_typed(message: str) -> str:
    """What programs are advised to write, as it is typed here.

    >>> _as_typed("Try a smaller learning rate, or torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0) before …")
    'Try a smaller learning rate, or --clip-norm 1 …'
    """
    clipped = re.escape("torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0) before ")
    return re.sub(clipped + r"(?:the update)?", "--clip-norm 1 ", message).replace("--clip-norm 1 .", "--clip-norm 1.")


def _few(names: Sequence[str]) -> list[str]:
    """Names of features, where they are few enough to be read."""
    return [str(name) for name in names] if len(names) <= _MOST_NAMES else []

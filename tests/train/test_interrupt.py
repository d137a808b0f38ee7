"""Ctrl-C: the first asks, the second insists, and afterwards everything is as it was."""

import signal
import threading

import pytest

from glassnet.train.interrupt import Interrupt


def test_the_first_signal_asks_and_the_second_ends_the_program():
    asked = []
    with Interrupt(ask=lambda: asked.append(1)) as interrupt:
        assert (interrupt.signal, interrupt.name, interrupt.status) == (None, None, 0)
        signal.raise_signal(signal.SIGINT)
        assert asked == [1]
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGINT)
    assert ended.value.code == interrupt.status == 130
    assert asked == [1]


def test_a_request_to_end_is_told_from_ctrl_c():
    with Interrupt(ask=lambda: None) as interrupt:
        signal.raise_signal(signal.SIGTERM)
    assert (interrupt.name, interrupt.status) == ("SIGTERM", 143)


def test_the_handlers_from_before_come_back():
    before = signal.getsignal(signal.SIGINT)
    with Interrupt(ask=lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_signals_are_left_alone():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with Interrupt(ask=lambda: None) as interrupt:
            seen.append((signal.getsignal(signal.SIGINT) is before, interrupt.signal))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(True, None)]


def test_a_handler_that_is_not_pythons_own_cannot_be_put_back_and_is_no_error():
    """A program that embeds Python may have installed one in C; Python shows it as None."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        with Interrupt(ask=lambda: None) as interrupt:
            interrupt._before[signal.SIGTERM] = None
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_terminal_that_closes_asks_too_unless_nohup_said_to_ignore_it():
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    try:
        with Interrupt(ask=lambda: None) as interrupt:
            signal.raise_signal(signal.SIGHUP)
        assert (interrupt.name, interrupt.status) == ("SIGHUP", 129)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with Interrupt(ask=lambda: None) as interrupt:
            signal.raise_signal(signal.SIGHUP)
        assert (interrupt.name, interrupt.status) == (None, 0)
    finally:
        signal.signal(signal.SIGHUP, before)

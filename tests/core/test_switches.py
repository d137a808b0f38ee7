"""Turning the following of gradients on and off."""

import threading

import pytest

import glassnet as torch


def leaf(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def test_switches_nest():
    x = leaf(1.0)
    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
            with torch.no_grad(), torch.inference_mode():
                assert not torch.is_grad_enabled()
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
    assert (x * 2).requires_grad


def test_switches_as_decorators():
    x = leaf(1.0)

    @torch.no_grad()
    def quiet():
        return (x * 2).requires_grad

    @torch.no_grad
    def quiet_too():
        return (x * 2).requires_grad

    @torch.enable_grad()
    def loud():
        return (x * 2).requires_grad

    @torch.inference_mode()
    def fast():
        """Says so."""
        return (x * 2).requires_grad, quiet(), loud()

    assert (quiet(), quiet_too(), loud(), fast()) == (False, False, True, (False, False, True))
    assert (fast.__name__, fast.__doc__) == ("fast", "Says so.")
    with torch.no_grad():
        assert (quiet(), loud(), torch.is_grad_enabled()) == (False, True, False)


def test_a_decorated_function_may_call_itself():
    x = leaf(1.0)

    @torch.no_grad()
    def down(n):
        return (x * 2).requires_grad or (n > 0 and down(n - 1))

    assert not down(3)
    assert torch.is_grad_enabled()


def test_set_grad_enabled_at_once_and_within():
    x = leaf(1.0)
    torch.set_grad_enabled(False)
    try:
        assert not (x * 2).requires_grad
    finally:
        torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with torch.inference_mode(False):
        assert (x * 2).requires_grad


def test_an_exception_throws_the_switch_back():
    with pytest.raises(KeyError), torch.no_grad():
        raise KeyError
    assert torch.is_grad_enabled()


def test_switches_belong_to_one_thread():
    x, seen = leaf(1.0), []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_recording_belongs_to_one_thread():
    """What another thread does meanwhile is no part of a recorded step."""
    inside, done = threading.Event(), threading.Event()

    def busy():
        inside.wait(10)
        for _ in range(100):
            torch.ones(2) * 2
        done.set()

    thread = threading.Thread(target=busy)
    thread.start()

    @torch.compile
    def step(x):
        inside.set()
        done.wait(10)
        return x * 3.0

    for k in range(4):
        assert step(torch.full((2,), float(k))).tolist() == [3.0 * k] * 2
    thread.join()
    assert len(step.source.splitlines()) <= 4


def test_a_decorated_generator_is_switched_while_it_runs():
    seen = []

    @torch.no_grad()
    def numbers():
        try:
            while True:
                seen.append(((yield torch.is_grad_enabled()), torch.is_grad_enabled()))
        except KeyError:
            yield "caught"
        finally:
            seen.append(("end", torch.is_grad_enabled()))

    steps = numbers()
    assert [next(steps), steps.send(1), torch.is_grad_enabled()] == [False, False, True]
    assert steps.throw(KeyError) == "caught"
    steps.close()
    assert seen == [(1, False), ("end", False)]
    assert torch.is_grad_enabled()


def test_a_decorated_generator_passes_its_result_and_its_errors_on():
    @torch.set_grad_enabled(False)
    def two():
        yield 1
        return 2

    def outer():
        assert (yield from two()) == 2

    assert list(outer()) == [1]

    @torch.inference_mode
    def broken():
        yield 1
        raise LookupError

    steps = broken()
    next(steps)
    with pytest.raises(LookupError):
        next(steps)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("bare", [torch.no_grad, torch.inference_mode])
def test_decorators_do_without_parentheses(bare):
    @bare
    def inside():
        """Words."""
        return torch.is_grad_enabled()

    assert (inside(), torch.is_grad_enabled(), inside.__doc__) == (False, True, "Words.")


def test_set_grad_enabled_as_a_decorator_acts_inside_alone():
    @torch.set_grad_enabled(False)
    def off():
        return torch.is_grad_enabled()

    assert torch.is_grad_enabled()
    assert (off(), off(), torch.is_grad_enabled()) == (False, False, True)
    with torch.inference_mode(False):
        assert torch.is_grad_enabled()

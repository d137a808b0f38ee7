"""Random training steps, run op by op and replayed side by side: everything that can be seen must be the same."""

import warnings

import numpy as np
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet.errors import ReplayWarning

CALLS = 6


def spread(a, b):
    """The shape that two tensors broadcast to, or None."""
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return None
    return shape if np.prod(shape) < 500 else None


def where_axes(f):
    """f for tensors with axes; a single number passes as it is."""
    return lambda a: f(a) if a.dim() else a


ONE = {
    "neg": lambda a: -a,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "abs": torch.abs,
    "square": torch.square,
    "exp": lambda a: torch.exp(a.clamp(-3.0, 3.0)),
    "sqrt": lambda a: torch.sqrt(a * a + 1.0),
    "cube": lambda a: a.clamp(-2, 2) ** 3,
    "scale": lambda a: a * 0.3 + 0.1,
    "times_one": lambda a: a * 1.0,
    "times_ones": lambda a: a * torch.ones(a.shape, dtype=a.dtype),
    "some_ones": lambda a: a * holed(torch.ones(a.shape, dtype=a.dtype)),
    "add_zeros": lambda a: torch.zeros(a.shape, dtype=a.dtype) + a.detach(),
    "add_numbers": lambda a: a + torch.tensor([0.5], dtype=a.dtype),
    "detach": lambda a: a.detach(),
    "clone": lambda a: a.clone(),
    "data": lambda a: a.data,
    "t": lambda a: a.t() if a.dim() == 2 else a,
    "flat": lambda a: a.reshape(-1),
    "column": lambda a: a.reshape(-1, 1),
    "unsqueeze": lambda a: a.unsqueeze(0) if a.dim() < 3 else a,
    "squeeze": lambda a: a.squeeze(),
    "first": where_axes(lambda a: a[0]),
    "rest": where_axes(lambda a: a[1:] if a.shape[0] > 1 else a),
    "every_second": where_axes(lambda a: a[..., ::2]),
    "picked": where_axes(lambda a: a[torch.tensor([0, -1, 0])]),
    "flip": where_axes(lambda a: a.flip(0)),
    "sum": lambda a: a.sum(),
    "sum_rows": where_axes(lambda a: a.sum(0)),
    "mean_columns": where_axes(lambda a: a.mean(-1, keepdim=True)),
    "amax": lambda a: a.amax(),
    "max": where_axes(lambda a: a.max(-1).values),
    "logsumexp": where_axes(lambda a: torch.logsumexp(a, -1)),
    "softmax": where_axes(lambda a: torch.softmax(a, -1)),
    "log_softmax": where_axes(lambda a: torch.log_softmax(a, -1)),
    "cumsum": where_axes(lambda a: a.cumsum(0)),
    "norm": lambda a: a.norm(),
    "standard": lambda a: (a - a.mean()) / (a.var(unbiased=False) + 1.0),
    "mask": lambda a: torch.where(a > 0.1, a, a * 0.01),
    "noise": lambda a: a + torch.rand(a.shape, dtype=a.dtype),
    "drop": lambda a: a * (torch.rand(a.shape, dtype=a.dtype) > 0.3).double(),
    "slope": lambda a: slope(a),
}


def holed(ones):
    with torch.no_grad():
        ones.reshape(-1)[0] = 0.0
    return ones


def slope(a):
    """A derivative inside the step, which can be differentiated again."""
    if not a.requires_grad:
        return a
    return torch.autograd.grad(torch.tanh(a).sum(), a, create_graph=True)[0]


def pairwise(f):
    return lambda a, b: f(a, b) if spread(a, b) is not None else a


def in_place(f):
    def run(a, b):
        if spread(a, b) != tuple(a.shape):
            return a
        y = a.clone()
        f(y, b)
        return y

    return run


def set_first_row(y, b):
    if y.dim() and spread(y[0], b) == tuple(y[0].shape):
        y[0] = b


TWO = {
    "add": pairwise(lambda a, b: a + b),
    "sub": pairwise(lambda a, b: a - b),
    "mul": pairwise(lambda a, b: a * b),
    "div": pairwise(lambda a, b: a / (b * b + 1.0)),
    "maximum": pairwise(torch.maximum),
    "minimum": pairwise(torch.minimum),
    "where": pairwise(lambda a, b: torch.where(a > b, a, b)),
    "lerp": pairwise(lambda a, b: torch.lerp(a, b, 0.3)),
    "matmul": lambda a, b: a @ b if a.dim() == 2 == b.dim() and a.shape[1] == b.shape[0] else a,
    "matmul_t": lambda a, b: a @ b.t() if a.dim() == 2 == b.dim() and a.shape[1] == b.shape[1] else a,
    "cat": lambda a, b: torch.cat([a, b]) if a.dim() and a.shape == b.shape else a,
    "stack": lambda a, b: torch.stack([a, b], -1) if a.shape == b.shape and a.dim() < 3 else a,
    "add_": in_place(lambda y, b: y.add_(b)),
    "mul_": in_place(lambda y, b: y.mul_(b)),
    "twice_": in_place(lambda y, b: y.mul_(b).add_(y)),
    "tanh_": in_place(lambda y, b: y.tanh_().mul_(b)),
    "copy_": in_place(lambda y, b: y.copy_(b)),
    "set": in_place(set_first_row),
}

STORE = {  # under no_grad
    "copy": lambda s, a: s.copy_(a),
    "average": lambda s, a: s.mul_(0.9).add_(a * 0.1),
    "through_data": lambda s, a: s.data.add_(a.data * 0.01),
    "fill": lambda s, a: s.fill_(0.25),
    "subtract": lambda s, a: s.sub_(a),
    "self": lambda s, a: s.copy_(a + s * 0.5),
    "zero": lambda s, a: s.zero_(),
    "window": lambda s, a: s.view(-1).mul_(0.5),
    "entry": lambda s, a: s.__setitem__(0, 0.5),
}

UPDATE = {  # under no_grad; m is a moment of the parameter's shape, r the rate
    "none": lambda p, g, m, r: None,
    "descend": lambda p, g, m, r: p.sub_(r * g),
    "alpha": lambda p, g, m, r: p.add_(g, alpha=-0.1),
    "data": lambda p, g, m, r: p.data.sub_(r * g.data),
    "copy": lambda p, g, m, r: p.copy_(p - r * g),
    "decay": lambda p, g, m, r: p.sub_(r * (g + 0.01 * p)),
    "clip": lambda p, g, m, r: p.sub_(r * g / (g.norm() + 1.0)),
    "momentum": lambda p, g, m, r: (m.mul_(0.9).add_(g), p.sub_(r * m)),
    "scaled_gradient": lambda p, g, m, r: (g.mul_(0.5), p.sub_(r * g)),
    "adaptive": lambda p, g, m, r: (m.mul_(0.9).addcmul_(g, g, value=0.1), p.addcdiv_(g, m.sqrt() + 0.1, value=-0.05)),
}

BETWEEN = ["nothing", "drop gradients", "zero gradients", "scale a gradient", "freeze", "thaw", "exchange memory",
           "change a weight", "change a buffer", "change the rate", "change the decay"]  # fmt: skip

register = st.integers(0, 30)
compute = st.one_of(
    st.tuples(st.sampled_from(sorted(ONE)), register),
    st.tuples(st.sampled_from(sorted(TWO)), register, register),
)
store = st.tuples(st.sampled_from(sorted(STORE)), st.integers(0, 2), register)
programs = st.fixed_dictionaries(
    {
        "body": st.lists(st.one_of(compute, compute, compute, store), min_size=1, max_size=9),
        "losses": st.lists(register, min_size=1, max_size=3),
        "returned": st.lists(register, max_size=2),
        "reset": st.sampled_from(["drop", "zero", "keep"]),
        "update": st.sampled_from(sorted(UPDATE)),
        "after": st.lists(store, max_size=2),
        "between": st.lists(
            st.one_of(st.just("nothing"), st.sampled_from(BETWEEN)), min_size=CALLS - 1, max_size=CALLS - 1
        ),
        "decayed": st.integers(0, 3),
        "rows": st.sampled_from([(1,), (4,), (4, 4, 4, 2), (70,)]),
        "form": st.sampled_from(["plain", "keyword", "tuple", "turned"]),
        "seed": st.integers(0, 99),
    }
)


class State:
    """Everything that lasts from step to step."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.weights = [torch.tensor(rng.normal(size=n)).requires_grad_() for n in ((3, 3), (3,), (3, 2))]
        self.moments = [torch.zeros(w.shape, dtype=w.dtype) for w in self.weights]
        self.buffers = [torch.tensor(rng.normal(size=n)) for n in ((3,), (3, 3), (1,))]
        self.rate = torch.tensor(0.1, dtype=torch.float64)
        self.decay = 0.1

    def seen(self, result):
        """Copies of all that a user could look at."""
        arrays = {"loss": result["loss"], **{f"returned {i}": r for i, r in enumerate(result["returned"])}}
        for kind in ("weights", "moments", "buffers"):
            arrays |= {f"{kind} {i}": t for i, t in enumerate(getattr(self, kind))}
        arrays |= {f"gradient {i}": w.grad for i, w in enumerate(self.weights)}
        return {k: None if t is None else t.detach().numpy().copy() for k, t in arrays.items()}

    def change(self, what, k):
        """What a user does between two steps."""
        w = self.weights[k % 3]
        with torch.no_grad():
            if what == "drop gradients":
                w.grad = None
            elif what == "zero gradients" and w.grad is not None:
                w.grad.zero_()
            elif what == "scale a gradient" and w.grad is not None:
                w.grad.mul_(0.5)
            elif what in ("freeze", "thaw"):
                w.requires_grad_(what == "thaw")
            elif what == "exchange memory":
                w.data = w.data * 0.5 + 0.1
            elif what == "change a weight":
                w.mul_(0.9)
            elif what == "change a buffer":
                self.buffers[k % 3].add_(1.0)
            elif what == "change the rate":
                self.rate.mul_(0.5)
            elif what == "change the decay":
                self.decay *= 0.5


def step_of(program, state):
    """The program as a training step on that state."""

    def reset():
        for w in state.weights:
            if program["reset"] == "drop":
                w.grad = None
            elif program["reset"] == "zero" and w.grad is not None:
                w.grad.zero_()

    def carry_out(instruction, registers):
        name, *at = instruction
        if name in STORE:
            target, source = state.buffers[at[0]], registers[at[1] % len(registers)]
            if spread(target, source) == tuple(target.shape):
                with torch.no_grad():
                    STORE[name](target, source.detach())
            return
        result = {**ONE, **TWO}[name](*[registers[i % len(registers)] for i in at])
        if result.numel() < 500:
            registers += [result]

    def step(x, y):
        if isinstance(x, tuple):
            x, _ = x
        reset()
        registers = [x, y, *state.weights, *state.buffers]
        for instruction in program["body"]:
            carry_out(instruction, registers)
        loss = sum(torch.tanh(registers[i % len(registers)]).mean() for i in program["losses"])
        loss = loss + sum((w * w).sum() for w in state.weights[: program["decayed"]]) * state.decay
        if loss.requires_grad:
            loss.backward()
        with torch.no_grad():
            for w, m in zip(state.weights, state.moments, strict=True):
                if w.grad is not None:
                    UPDATE[program["update"]](w, w.grad, m, state.rate)
        for instruction in program["after"]:
            carry_out(instruction, registers)
        returned = [registers[i % len(registers)].detach() for i in program["returned"]]
        return {"loss": loss.detach(), "returned": returned}

    return step


def call(step, form, x, y):
    if form == "turned":
        return step(torch.tensor(x.T.copy()).t(), torch.tensor(y))
    if form == "tuple":
        return step((torch.tensor(x), 3), torch.tensor(y))
    return step(torch.tensor(x), y=torch.tensor(y)) if form == "keyword" else step(torch.tensor(x), torch.tensor(y))


def attempt(program, step, state, k):
    """One call: what is seen after it, or the error that it raised."""
    rng = np.random.default_rng((program["seed"], k))
    rows = program["rows"][k % len(program["rows"])]
    x, y = rng.normal(size=(rows, 3)), rng.normal(size=(rows, 3))
    torch.manual_seed(k)
    try:
        return state.seen(call(step, program["form"], x, y))
    except torch.errors.GlassnetError as problem:
        return {"error": f"{type(problem).__name__}: {problem}"}


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_a_replayed_step_does_what_the_step_does(program):
    by_op, replayed = State(program["seed"]), State(program["seed"])
    eager, compiled = step_of(program, by_op), torch.compile(step_of(program, replayed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReplayWarning)
        for k in range(CALLS):
            expected = attempt(program, eager, by_op, k)
            found = attempt(program, compiled, replayed, k)
            compare(found, expected, f"call {k}, {compiled.replays} of them replayed")
            if "error" in expected:
                return
            by_op.change(program["between"][k % (CALLS - 1)], k)
            replayed.change(program["between"][k % (CALLS - 1)], k)
    event(compiled.obstacle or ("replayed" if compiled.replays else "recorded only"))


def compare(found, expected, when):
    assert found.keys() == expected.keys(), when
    for name, right in expected.items():
        if right is None or isinstance(right, str):
            assert found[name] == right if isinstance(right, str) else found[name] is None, (when, name)
        else:
            assert (found[name].dtype, found[name].shape) == (right.dtype, right.shape), (when, name)
            np.testing.assert_allclose(found[name], right, rtol=1e-8, atol=1e-10, err_msg=f"{when}: {name}")

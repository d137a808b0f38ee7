"""Functions of functions: torch.func and torch.autograd.functional, against formulas."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import func
from glassnet.autograd import functional
from glassnet.errors import GradientError, ShapeError, ValueRangeError

X = torch.tensor([1.0, 2.0, 3.0])
A = torch.arange(6.0).reshape(2, 3)


def same(found, wanted):
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=1e-6)
    return True


def test_gradients_in_the_form_of_the_argument():
    assert same(func.grad(lambda v: (v**2).sum())(X), X * 2)
    a, b = func.grad(lambda p, q: (p * q).sum(), argnums=(0, 1))(X, A[1])
    assert same(a, A[1])
    assert same(b, X)
    slopes = func.grad(lambda p: (p["w"] ** 2).sum() + p["b"][0])({"w": X, "b": [torch.tensor(1.0)]})
    assert same(slopes["w"], X * 2)
    assert same(slopes["b"][0], 1.0)


def test_gradients_of_gradients():
    slope = lambda v: v**4  # noqa: E731
    for k, wanted in enumerate([16.0, 32.0, 48.0, 48.0, 24.0]):
        found = torch.tensor(2.0)
        assert same(slope(found), wanted), k
        slope = func.grad(slope)


def test_values_come_along_cut_off():
    slope, (value, aux) = func.grad_and_value(lambda v: ((v**2).sum(), v * 2), has_aux=True)(X)
    assert not any(t.requires_grad for t in (slope, value, aux))
    assert same(value, 14.0)
    assert same(aux, X * 2)
    assert X.grad is None


def test_outside_gradients_flow_through():
    w = torch.tensor(3.0, requires_grad=True)
    func.grad(lambda v: v**3)(w * 1.0).backward()
    assert same(w.grad, 18.0)


def test_products_with_jacobians():
    value, pull = func.vjp(lambda p, q: (p * q, p.sum()), X, A[1])
    assert same(value[0], X * A[1])
    a, b = pull((torch.ones(3), torch.tensor(2.0)))
    assert same(a, A[1] + 2)
    assert same(b, X)
    assert same(pull((torch.zeros(3), torch.tensor(1.0)))[0], torch.ones(3))
    value, along = func.jvp(lambda v: A @ v**2, (X,), (torch.tensor([1.0, 0.0, 2.0]),))
    assert same(along, A.numpy() @ (2 * X.numpy() * [1.0, 0.0, 2.0]))


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_jacobians(jacobian):
    assert same(jacobian(lambda v: A @ v**2)(X), A.numpy() * 2 * X.numpy())
    assert same(jacobian(lambda p, q: p * q, argnums=1)(X, X * 2), np.diag(X.numpy()))
    assert jacobian(lambda v: v.reshape(3, 1) * v)(X).shape == (3, 3, 3)


def test_hessians():
    assert same(func.hessian(lambda v: (v**3).sum())(X), np.diag(6 * X.numpy()))
    (aa, ab), (ba, bb) = functional.hessian(lambda p, q: (p**2 * q).sum(), (X, A[1]))
    assert same(aa, np.diag(2 * A[1].numpy()))
    assert same(ab, np.diag(2 * X.numpy()))
    assert same(ba, np.diag(2 * X.numpy()))
    assert same(bb, np.zeros((3, 3)))


def test_functional_answers_in_the_form_of_its_inputs():
    f = lambda p, q: (p * q, p.sum())  # noqa: E731
    (pp, pq), (sp, sq) = functional.jacobian(f, (X, A[1]))
    assert same(pp, np.diag(A[1].numpy()))
    assert same(pq, np.diag(X.numpy()))
    assert same(sp, np.ones(3))
    assert same(sq, np.zeros(3))
    value, product = functional.vhp(lambda v: (v**3).sum(), X, torch.ones(3))
    assert same(value, 36.0)
    assert same(product, 6 * X.numpy())
    assert same(functional.hvp(lambda v: (v**3).sum(), X, torch.ones(3))[1], 6 * X.numpy())
    assert not product.requires_grad


def test_create_graph_goes_on():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    functional.jacobian(lambda v: v**3, w, create_graph=True).sum().backward()
    assert same(w.grad, [6.0, 12.0])


def test_a_function_over_a_batch():
    assert same(func.vmap(torch.dot)(A, A), (A * A).sum(1))
    assert same(func.vmap(lambda a, b: a * b, in_dims=(0, None))(A, X), A * X)
    assert same(func.vmap(lambda a: a.sum(), in_dims=1)(A), A.sum(0))
    assert same(func.vmap(lambda a: a * 2, out_dims=1)(A), A.t() * 2)
    both = func.vmap(lambda d: (d["a"].sum(), {"twice": d["a"] * 2}))({"a": A})
    assert same(both[0], A.sum(1))
    assert same(both[1]["twice"], A * 2)
    assert same(func.vmap(func.vmap(lambda a: a + 1))(A), A + 1)
    w = torch.ones(3, requires_grad=True)
    func.vmap(lambda row: (row * w).sum())(A).sum().backward()
    assert same(w.grad, A.sum(0))


def test_a_module_with_other_weights():
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2).eval())
    before = {k: v.clone() for k, v in net.state_dict().items()}
    other = {name: torch.full_like(p, 0.5).requires_grad_() for name, p in net.named_parameters()}
    y = func.functional_call(net, other, A)
    assert same(y.detach(), 0.5 * (0.5 * A.sum(1, keepdim=True).numpy() + 0.5) / np.sqrt(1 + 1e-5) * np.ones(2) + 0.5)
    y.sum().backward()
    assert all(p.grad is None for p in net.parameters())
    assert other["0.weight"].grad is not None
    assert all(torch.equal(net.state_dict()[k], v) for k, v in before.items())
    with pytest.raises(AttributeError, match=r"'0\.wait'"):
        func.functional_call(net, {"0.weight": other["0.weight"], "0.wait": X}, A)
    assert net[0].weight is dict(net.named_parameters())["0.weight"]


@pytest.mark.parametrize(
    ("mistake", "error", "message"),
    [
        (
            lambda: func.grad(lambda v: v * 2)(X),
            GradientError,
            r"got a tensor of shape \(3,\); expected func",
        ),
        (lambda: func.vmap(torch.dot)(A, A.t()), ShapeError, r"axes of lengths \[2, 3\]; expected axes of one length"),
        (
            lambda: func.vmap(torch.dot, in_dims=(0,))(A, A),
            ValueRangeError,
            r"in_dims=\(0,\) for 2 arguments",
        ),
        (
            lambda: functional.vjp(lambda v: v, X, torch.ones(2)),
            ShapeError,
            r"v of shapes \[\(2,\)\]; expected ",
        ),
        (lambda: functional.hessian(lambda v: v, X), ShapeError, "expected a single number"),
        (lambda: functional.jacobian(lambda v: X, X, strict=True), GradientError, "does not depend on the inputs"),
    ],
)
def test_mistakes_are_answered(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


def test_anomaly_detection_names_the_operation_and_ends_with_its_block():
    x = torch.tensor([1.0, 0.0], requires_grad=True)
    make = lambda: (x.sqrt() * torch.tensor([1.0, 0.0])).sum()  # noqa: E731
    with torch.autograd.detect_anomaly(), pytest.raises(GradientError, match=r"'SqrtBackward0' returned nan .* \[1\]"):
        make().backward()
    make().backward()
    assert torch.isnan(x.grad[1])
    torch.autograd.set_detect_anomaly(True)
    try:
        with torch.autograd.set_detect_anomaly(False):
            make().backward()
        with pytest.raises(RuntimeError, match="nan"):
            make().backward()
    finally:
        torch.autograd.set_detect_anomaly(False)


def test_states_of_random_streams_are_tensors():
    state = torch.get_rng_state()
    assert (state.dtype, state.shape) == (torch.uint8, (5056,))
    first = torch.rand(4)
    with torch.random.fork_rng():
        torch.rand(100)
    torch.set_rng_state(state.numpy())
    assert torch.equal(torch.rand(4), first)
    stream = torch.Generator().manual_seed(3)
    state = stream.get_state()
    first = torch.randn(3, generator=stream)
    assert torch.equal(torch.randn(3, generator=stream.set_state(state)), first)


def test_sizes_stay_sizes():
    s = torch.Size([2, 3])
    four = (4,)
    for made in (s + s, s + four, four + s, s * 2, 2 * s, s[:1], s[::-1]):
        assert isinstance(made, torch.Size)
    assert repr(four + s + [5]) == "torch.Size([4, 2, 3, 5])"


def test_an_ensemble_runs_as_its_models_do():
    torch.manual_seed(0)
    models = [torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).eval() for _ in range(4)]
    models[0][0].bias.requires_grad_(False)
    params, buffers = func.stack_module_state(models)
    assert list(params) == [name for name, _ in models[0].named_parameters()]
    assert params["0.weight"].shape == (4, 2, 3)
    assert params["0.weight"].is_leaf
    assert [p.requires_grad for p in params.values()] == [True, False, True, True]
    assert buffers["1.running_mean"].shape == (4, 2)
    run = func.vmap(lambda p, b, x: func.functional_call(models[0], (p, b), (x,)), in_dims=(0, 0, None))
    found = run(params, buffers, A).detach()
    assert same(found, np.stack([m(A).detach().numpy() for m in models]))


@pytest.mark.parametrize(
    "models",
    [[], [torch.nn.Linear(1, 1), torch.nn.ReLU()], [torch.nn.Linear(1, 1), torch.nn.Linear(1, 1).eval()]],
    ids=["none", "two classes", "two modes"],
)
def test_models_that_do_not_stack_are_refused(models):
    with pytest.raises(ValueRangeError, match="expected models of one class, all in one mode"):
        func.stack_module_state(models)

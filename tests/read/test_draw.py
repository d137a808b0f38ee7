"""Computational graphs: the numbers on nodes and edges against the engine, and what the exports say."""

import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import DataError, GradientError, ValueRangeError
from glassnet.read.draw import draw
from glassnet.read.expression import evaluate_text
from glassnet.read.graph import OPERATION


def expression(text, **values):
    y, names = evaluate_text(text, values)
    return y, names


@pytest.fixture
def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), nn.Softmax(dim=-1)).double()


def test_every_node_of_a_small_expression():
    y, names = expression("a*b + c", a=2.0, b=-3.0, c=10.0)
    graph = draw(y, names=names)
    assert [(n.name, n.sign, float(n.data), float(n.gradient)) for n in graph.nodes] == [
        ("a", "", 2, -3),  # du/da = b
        ("b", "", -3, 2),  # du/db = a
        ("u₁", "×", -6, 1),
        ("c", "", 10, 1),
        ("u", "+", 4, 1),
    ]
    assert [(e.source, e.target, float(e.local)) for e in graph.edges] == [(0, 2, -3), (1, 2, 2), (2, 4, 1), (3, 4, 1)]


def test_a_name_used_twice_is_one_node_with_two_edges():
    y, names = expression("x^2 + 3*x", x=2.0)
    graph = draw(y, names=names)
    assert [float(e.flow) for e in graph.out_of[0]] == [4.0, 3.0]
    assert float(graph.nodes[0].gradient) == 7.0


def test_events_are_in_order_and_end_with_the_gradients():
    y, names = expression("sigmoid(w*x + b)", w=0.5, x=2.0, b=1.0)
    graph = draw(y, names=names)
    events = list(graph.events())
    seen = set()
    for event in (e for e in events if e.phase == "forward"):
        assert all(graph.edges[i].source in seen for i in event.edges)
        seen.add(event.node)
    assert len(seen) == len(graph.nodes)
    final = {e.node: e.value for e in events if e.phase == "backward"}
    for number, value in final.items():
        np.testing.assert_array_equal(value, graph.nodes[number].gradient)
    s = 1 / (1 + np.exp(-2.0))
    back = next(e for e in events if e.phase == "backward" and e.edges)
    assert back.rule == "du/du₂ = u·(1 − u)"
    assert (float(back.upstream), float(back.local)) == (1.0, pytest.approx(s * (1 - s)))
    assert back.says == "du/du₂ = du/du · du/du₂ = 1 · 0.105 = 0.105"


@pytest.mark.parametrize("loss", ["mse", "cross-entropy"])
@pytest.mark.parametrize("grain", ["tensor", "scalar"])
def test_gradients_are_the_engines(network, loss, grain):
    x = np.array([[0.3, -1.2], [0.7, 0.1]])
    y = np.array([1, 0]) if loss == "cross-entropy" else np.array([[0.0, 1.0], [1.0, 0.0]])
    graph = draw(network, x, y, loss=loss, grain=grain)
    from glassnet.read.losses import named_loss

    t = torch.tensor(x, requires_grad=True)
    total = named_loss(loss)(network(t), torch.tensor(y))
    network.zero_grad()
    total.backward()
    assert float(graph.result.data) == pytest.approx(total.item(), rel=1e-15)
    drawn = {n.name: n.gradient for n in graph.nodes}
    wanted = {"x": t.grad, "W⁽¹⁾": network[0].weight.grad, "b⁽²⁾": network[2].bias.grad}
    for name, grad in wanted.items():
        if grain == "tensor":
            np.testing.assert_allclose(drawn[name], grad.numpy(), rtol=1e-14, atol=1e-17)
        else:
            for value in grad.numpy().ravel():
                mine = [g for n, g in drawn.items() if n.startswith(name) and g is not None]
                assert np.isclose([float(g) for g in mine], value, rtol=1e-9, atol=1e-15).any()


@pytest.mark.parametrize(
    "text",
    [
        "sum(w@x) + c",
        "mean(relu(x)*w) / c",
        "norm(x - w) + max(c, 2)",
        "sum(softmax(x*c))",
        "sum(x*c)**3",
        "c*sum(log_softmax(w))",
    ],
)
def test_scalars_and_tensors_agree(text):
    values = {"w": [0.5, -1.5, 2.0], "x": [1.0, 3.0, 0.7], "c": 1.3}
    for grain in ("tensor", "scalar"):
        y, names = evaluate_text(text, values)
        graph = draw(y, names=names, grain=grain)
        y.backward()
        for name, t in names.items():
            mine = [n for n in graph.nodes if n.name.rstrip("₁₂₃") == name]
            got = np.concatenate([np.ravel(n.gradient) for n in mine])
            np.testing.assert_allclose(got, np.ravel(t.grad.numpy()), rtol=1e-12, atol=1e-14)
    for node in graph.nodes:
        assert node.data.shape == ()


def test_flows_add_up_to_the_gradient(network):
    graph = draw(network, [0.3, -1.2], [1.0, 0.0], loss="mse")
    for node in graph.nodes[:-1]:
        flows = [e.flow for e in graph.out_of[node.id] if e.flow is not None]
        if node.gradient is not None:
            np.testing.assert_allclose(sum(flows), node.gradient, rtol=1e-14, atol=1e-300)


def test_the_local_derivative_is_a_jacobian_where_it_is_one(network):
    graph = draw(network, [0.3, -1.2])
    softmax = graph.nodes[-1]
    (edge,) = graph.into[softmax.id]
    p = softmax.data.ravel()
    np.testing.assert_allclose(edge.local.reshape(2, 2), np.diag(p) - np.outer(p, p), atol=1e-15)
    assert softmax.gradient is None  # two numbers have no slope


def test_nothing_is_changed_by_drawing(network):
    before = [p.array.copy() for p in network.parameters()]
    x = torch.tensor([[0.3, -1.2]], dtype=torch.float64)
    draw(network, x, [1.0, 0.0], loss="mse")
    assert all(p.grad is None for p in network.parameters())
    assert not x.requires_grad
    for p, b in zip(network.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.array, b)


# ---- exports ---------------------------------------------------------------------------------------------------------


def test_svg_is_xml_with_a_group_for_each_node(network):
    graph = draw(network, [0.3, -1.2], [1.0, 0.0], loss="mse", title="a < b & c")
    root = ElementTree.fromstring(graph.svg())
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == "a < b & c"
    ids = [g.get("id") for g in root.iter(f"{space}g") if g.get("id")]
    assert ids == [f"n{node.id}" for node in graph.nodes]
    assert "prefers-color-scheme:dark" in root.find(f"{space}style").text
    assert {e.get("id") for e in root.iter(f"{space}path")} >= {f"e{edge.id}" for edge in graph.edges}


def test_dot_and_mermaid_name_every_edge():
    y, names = expression("a*b + c", a=2.0, b=-3.0, c=10.0)
    graph = draw(y, names=names, title='say "a"')
    dot, mermaid = graph.dot(), graph.mermaid()
    assert r'label="say \"a\""' in dot
    ways = [(str(e.source), str(e.target)) for e in graph.edges]
    assert re.findall(r"n(\d+) -> n(\d+)", dot) == ways
    assert re.findall(r"n(\d+) -->\S* n(\d+)", mermaid) == ways
    assert '  n0(["a<br/>2<br/>slope −3"])' in mermaid.splitlines()
    assert '  n0 -> n2 [label="×−3"]' in dot.splitlines()


def test_json_holds_everything_and_is_strict():
    y, names = expression("log(a) * b", a=0.0, b=0.0)  # -inf · 0
    data = json.loads(draw(y, names=names).json(), parse_constant=pytest.fail)
    assert [n["data"] for n in data["nodes"]] == [0.0, "-inf", 0.0, "nan"]
    y, names = expression("a*b", a=4.0, b=5.0)
    data = json.loads(draw(y, names=names).json())
    assert [(e["source"], e["local"], e["flow"]) for e in data["edges"]] == [(0, 5.0, 5.0), (1, 4.0, 4.0)]
    assert [e["phase"] for e in data["events"]] == ["forward"] * 3 + ["backward"] * 3
    assert all(0 < n["x"] < data["width"] and 0 < n["y"] < data["height"] for n in data["nodes"])


def test_text_fits_the_terminal_and_can_do_without_unicode(network):
    graph = draw(network, [0.3, -1.2], [1.0, 0.0], loss="mse", grain="scalar")
    assert max(map(len, graph.text(80).splitlines())) <= 80
    graph.text(80, unicode=False).encode("ascii")
    assert "\x1b" not in graph.text(80)
    assert "\x1b[38;5;214m" in graph.text(80, colour=True)


def test_ten_thousand_nodes_are_drawn():
    x = torch.tensor(1.0, requires_grad=True)
    v = x
    for _ in range(5000):
        v = v * 0.999 + x
    graph = draw(v, names={"x": x})
    assert sum(n.kind == OPERATION for n in graph.nodes) == 10_000
    assert float(graph.nodes[0].gradient) == pytest.approx((1 - 0.999**5001) / 0.001, rel=1e-3)
    ElementTree.fromstring(graph.svg())


# ---- mistakes --------------------------------------------------------------------------------------------------------


def test_mistakes_are_told(network):
    with pytest.raises(GradientError, match="nothing is known about"):
        draw(torch.tensor(1.0))
    with pytest.raises(DataError, match=r"got no x; expected a model and an example"):
        draw(network)
    with pytest.raises(DataError, match="position"):
        draw(network, [np.nan, 1.0])
    with pytest.raises(ValueRangeError, match="grain='atoms'"):
        draw(network, [1.0, 1.0], grain="atoms")
    with pytest.raises(ValueRangeError, match="expected one of svg, dot, mermaid, json"):
        draw(network, [1.0, 1.0]).render("png")
    with pytest.raises(ValueRangeError, match="expected at most 100,000 at the grain"):
        draw(nn.Linear(400, 400), np.ones(400), grain="scalar")


def test_local_derivatives_are_told_in_symbols(network):
    graph = draw(network, [0.3, -1.2], [1.0, 0.0], loss="mse")
    said = {(graph.nodes[e.source].name, graph.nodes[e.target].name): e.says for e in graph.edges}
    assert said["x", "z⁽¹⁾"] == "W⁽¹⁾"
    assert said["W⁽¹⁾", "z⁽¹⁾"] == "x"
    assert said["b⁽¹⁾", "z⁽¹⁾"] == "1"
    assert said["z⁽¹⁾", "a⁽¹⁾"] == "1 − a⁽¹⁾·a⁽¹⁾"  # tanh
    assert ">×W⁽¹⁾</text>" in graph.svg()

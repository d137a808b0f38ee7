"""Write nn.json, what PyTorch's layers and losses give: `python tests/golden/make_nn.py` (needs torch 2.13)."""

import json
import pathlib

import numpy as np

if __name__ == "__main__":  # a test run only looks for doctests here, and it may have no torch
    import torch

# name, arguments, options, shapes of the inputs
LAYERS = [
    ["Linear", [4, 3], {}, [[5, 4]]],
    ["Linear", [4, 2], {"bias": False}, [[2, 3, 4]]],
    ["Bilinear", [2, 3, 2], {}, [[4, 2], [4, 3]]],
    ["Embedding", [5, 3], {"padding_idx": 1}, None],
    ["BatchNorm1d", [3], {}, [[5, 3]]],
    ["BatchNorm1d", [2], {"momentum": None, "affine": False}, [[3, 2, 4]]],
    ["BatchNorm2d", [2], {"eps": 0.1, "momentum": 0.3}, [[2, 2, 3, 2]]],
    ["LayerNorm", [4], {}, [[3, 4]]],
    ["RMSNorm", [4], {}, [[3, 4]]],
    ["GroupNorm", [2, 4], {}, [[2, 4, 3]]],
    ["Conv2d", [2, 3, 2], {"stride": 2, "padding": 1}, [[2, 2, 4, 3]]],
    ["Conv2d", [2, 2, 3], {"padding": "same", "groups": 2, "dilation": 2, "bias": False}, [[1, 2, 4, 5]]],
    ["Conv2d", [1, 2, 3], {"padding": 1, "padding_mode": "reflect"}, [[1, 1, 4, 3]]],
    ["Conv1d", [2, 2, 3], {"padding": 1}, [[2, 2, 5]]],
    ["MaxPool2d", [2], {"ceil_mode": True}, [[1, 2, 5, 3]]],
    ["AvgPool2d", [3], {"stride": 2, "padding": 1, "count_include_pad": False}, [[1, 1, 5, 4]]],
    ["AdaptiveAvgPool2d", [[2, 3]], {}, [[1, 1, 5, 4]]],
    ["MaxPool1d", [2], {"stride": 1, "padding": 1}, [[2, 2, 5]]],
    ["AvgPool1d", [2], {"padding": 1}, [[2, 5]]],
    ["AvgPool2d", [2], {"ceil_mode": True, "divisor_override": 3}, [[1, 3, 3]]],
    ["Conv2d", [1, 1, 2], {"padding": "same", "padding_mode": "circular"}, [[1, 1, 3, 3]]],
    ["Conv2d", [1, 1, 2], {"padding": "valid", "bias": False}, [[1, 3, 3]]],
    ["LeakyReLU", [1.5], {}, [[3, 4]]],
    ["Flatten", [0, 1], {}, [[2, 3, 2]]],
    ["Unflatten", [1, [2, 2]], {}, [[3, 4]]],
    ["Threshold", [0.5, -2.0], {}, [[3, 4]]],
    ["Softmin", [], {"dim": 1}, [[3, 4]]],
    ["CosineSimilarity", [], {"dim": 0}, [[3, 4], [3, 4]]],
    ["PairwiseDistance", [], {"p": 3.0, "keepdim": True}, [[3, 4], [3, 4]]],
    ["PReLU", [3], {"init": 0.1}, [[4, 3]]],
    *[[name, [], {}, [[3, 4]]] for name in (
        "ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "LogSigmoid", "Tanh",
        "Softplus", "Softsign", "Hardtanh", "Hardswish", "Tanhshrink", "Softshrink", "Hardshrink", "GLU",
    )],
    ["GELU", [], {"approximate": "tanh"}, [[3, 4]]],
    ["Softmax", [], {"dim": 1}, [[3, 4]]],
    ["LogSoftmax", [], {"dim": 0}, [[3, 4]]],
]  # fmt: skip

ONES, HALF = {"sign": [4, 3]}, {"share": [4, 3]}
X, Y, Z = {"wave": [4, 3], "phase": 0}, {"wave": [4, 3], "phase": 1}, {"wave": [4, 3], "phase": 2}
COUNTS = {"values": [[0.0, 1.0, 2.0], [3.0, 4.0, 0.0], [1.0, 1.0, 5.0], [2.0, 0.0, 9.0]]}
LABELS, WEIGHT = {"values": [2, 0, 1, 1]}, {"values": [0.5, 2.0, 1.0]}

# name, inputs that are differentiated, further tensors, plain options
LOSSES = [
    ["mse_loss", [X, Y], {}, {}],
    ["l1_loss", [X, Y], {}, {}],
    ["smooth_l1_loss", [X, Y], {}, {"beta": 0.5}],
    ["huber_loss", [X, Y], {}, {"delta": 0.7}],
    ["binary_cross_entropy", [HALF], {"target": {"share": [4, 3], "phase": 1}, "weight": WEIGHT}, {}],
    ["binary_cross_entropy_with_logits", [X], {"target": HALF}, {}],
    ["binary_cross_entropy_with_logits", [X], {"target": HALF, "pos_weight": WEIGHT}, {}],
    ["cross_entropy", [X], {"target": LABELS}, {}],
    ["cross_entropy", [X], {"target": {"values": [2, -100, 1, -100]}, "weight": WEIGHT}, {"label_smoothing": 0.2}],
    ["cross_entropy", [X], {"target": LABELS}, {"ignore_index": 1}],
    ["cross_entropy", [X], {"target": HALF}, {"label_smoothing": 0.1}],
    ["cross_entropy", [{"wave": [2, 3, 2]}], {"target": {"values": [[2, 0], [1, 1]]}}, {}],
    ["cross_entropy", [{"wave": [3]}], {"target": {"values": 1}}, {"reduction": "sum"}],
    ["gaussian_nll_loss", [X, Y], {}, {"var": 0.7}],
    ["mse_loss", [X, Y], {"weight": {"share": [4, 3]}}, {}],
    ["huber_loss", [X, Y], {"weight": {"share": [4, 3]}}, {}],
    ["poisson_nll_loss", [HALF], {"target": {"share": [4, 3], "phase": 1}}, {"log_input": False}],
    ["gaussian_nll_loss", [X, Y, {"share": [4]}], {}, {"eps": 0.4}],
    ["kl_div", [X, Y], {}, {"log_target": True, "reduction": "sum"}],
    ["nll_loss", [X], {"target": LABELS, "weight": WEIGHT}, {}],
    ["kl_div", [X], {"target": HALF}, {"reduction": "batchmean"}],
    ["poisson_nll_loss", [X], {"target": COUNTS}, {"full": True}],
    ["gaussian_nll_loss", [X, Y, HALF], {}, {"full": True}],
    ["hinge_embedding_loss", [X], {"target": ONES}, {"margin": 0.8}],
    ["margin_ranking_loss", [X, Y], {"target": ONES}, {"margin": 0.1}],
    ["soft_margin_loss", [X], {"target": ONES}, {}],
    ["multi_margin_loss", [X], {"target": LABELS, "weight": WEIGHT}, {"p": 2}],
    ["multilabel_soft_margin_loss", [X], {"target": HALF}, {}],
    ["cosine_embedding_loss", [X, Y], {"target": {"sign": [4]}}, {"margin": 0.1}],
    ["triplet_margin_loss", [X, Y, Z], {}, {"swap": True}],
]

# name, options, tensors
LOSS_MODULES = [
    ["MSELoss", {"reduction": "sum"}, [X, Y]],
    ["L1Loss", {}, [X, Y]],
    ["SmoothL1Loss", {"beta": 0.3}, [X, Y]],
    ["HuberLoss", {"delta": 0.3}, [X, Y]],
    ["PoissonNLLLoss", {"full": True, "log_input": False}, [HALF, COUNTS]],
    ["GaussianNLLLoss", {"full": True, "eps": 0.4}, [X, Y, HALF]],
    ["BCELoss", {"reduction": "sum"}, [HALF, {"share": [4, 3], "phase": 1}]],
    ["BCEWithLogitsLoss", {}, [X, HALF]],
    ["CrossEntropyLoss", {"ignore_index": 1, "label_smoothing": 0.1}, [X, LABELS]],
    ["NLLLoss", {"ignore_index": 1}, [X, LABELS]],
    ["KLDivLoss", {"log_target": True, "reduction": "batchmean"}, [X, Y]],
    ["MultiLabelSoftMarginLoss", {}, [X, HALF]],
    ["HingeEmbeddingLoss", {"margin": 0.3}, [X, ONES]],
    ["MarginRankingLoss", {"margin": 0.3}, [X, Y, ONES]],
    ["SoftMarginLoss", {}, [X, ONES]],
    ["MultiMarginLoss", {"p": 2, "margin": 0.3}, [X, LABELS]],
    ["CosineEmbeddingLoss", {"margin": 0.3}, [X, Y, {"sign": [4]}]],
    ["TripletMarginLoss", {"margin": 0.3, "p": 1.0, "eps": 0.1, "swap": True}, [X, Y, Z]],
]

INITS = [
    ["xavier_uniform_", [3, 4], {"gain": 2.0}],
    ["xavier_normal_", [3, 4, 2], {}],
    ["kaiming_uniform_", [3, 4], {"nonlinearity": "relu"}],
    ["kaiming_normal_", [3, 4], {"a": 0.2, "mode": "fan_out"}],
    ["trunc_normal_", [3, 4], {"std": 0.5, "a": -0.5, "b": 0.8}],
    ["orthogonal_", [3, 4], {"gain": 0.5}],
    ["sparse_", [4, 3], {"sparsity": 0.4}],
]


def array(recipe):
    """The numbers that a recipe stands for; no random stream is needed to make them again."""
    if "values" in recipe:
        return np.array(recipe["values"])
    kind = next(k for k in ("wave", "share", "sign") if k in recipe)
    shape = recipe[kind]
    wave = np.sin(np.arange(np.prod(shape)) * 1.7 + recipe.get("phase", 0)).reshape(shape)
    return {"wave": 2 * wave, "share": 0.5 + 0.4 * wave, "sign": np.where(wave >= 0, 1.0, -1.0)}[kind]


def rounded(t):
    return np.round(t.detach().double().numpy(), 10).tolist()


def layer_record(name, args, options, shapes):
    torch.manual_seed(3)
    layer = getattr(torch.nn, name)(*args, **options)
    start = {k: rounded(v) for k, v in layer.state_dict().items()}
    layer.double()
    if shapes is None:
        xs = [torch.tensor([[0, 1], [4, 0]])]
    else:
        xs = [torch.tensor(array({"wave": s, "phase": i}), requires_grad=True) for i, s in enumerate(shapes)]
    y = layer(*xs)
    (y * y).sum().backward()
    return {
        "layer": [name, args, options, shapes],
        "repr": repr(layer),
        "start": start,
        "output": rounded(y),
        "grads": [rounded(x.grad) for x in xs if x.requires_grad],
        "parameter_grads": {k: rounded(p.grad) for k, p in layer.named_parameters()},
        "end": {k: rounded(v) for k, v in layer.state_dict().items()},
        "evaluated": rounded(layer.eval()(*xs)),
    }


def loss_record(name, inputs, others, options):
    xs = [torch.tensor(array(r), requires_grad=True) for r in inputs]
    y = getattr(torch.nn.functional, name)(*xs, **{k: torch.tensor(array(r)) for k, r in others.items()}, **options)
    y.backward()
    return {"loss": [name, inputs, others, options], "value": rounded(y), "grads": [rounded(x.grad) for x in xs]}


def loss_module_record(name, options, tensors):
    loss = getattr(torch.nn, name)(**options)
    return {"module": [name, options, tensors], "value": rounded(loss(*[torch.tensor(array(r)) for r in tensors]))}


def init_record(name, shape, options):
    torch.manual_seed(3)
    return {
        "init": [name, shape, options],
        "numbers": rounded(getattr(torch.nn.init, name)(torch.empty(shape), **options)),
    }


def dropout_record(p, shape):
    torch.manual_seed(3)
    return {"dropout": [p, shape], "numbers": rounded(torch.nn.Dropout(p)(torch.ones(shape)))}


if __name__ == "__main__":
    numbers = {
        "torch": torch.__version__,
        "layers": [layer_record(*case) for case in LAYERS],
        "losses": [loss_record(*case) for case in LOSSES],
        "loss_modules": [loss_module_record(*case) for case in LOSS_MODULES],
        "inits": [init_record(*case) for case in INITS],
        "dropouts": [dropout_record(p, shape) for p, shape in [(0.5, [3, 4]), (0.1, [2, 3, 5]), (0.8, [17])]],
    }
    target = pathlib.Path(__file__).with_name("nn.json")
    target.write_text(json.dumps(numbers) + "\n", encoding="utf-8")

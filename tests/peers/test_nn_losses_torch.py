"""Losses and the other functions of `functional` against PyTorch: values, gradients, options, extremes."""

import warnings

import numpy as np
import pytest
import torch

import glassnet
from glassnet import nn as our_nn

pytestmark = pytest.mark.peers

BOTH = [(torch, torch.nn), (glassnet, our_nn)]


def arrays_of(value):
    """Every tensor in a nested result, as arrays."""
    if isinstance(value, torch.Tensor | glassnet.Tensor):
        return [value.detach().numpy()]
    return [a for v in value for a in arrays_of(v)]


def same(story, rtol=1e-10, atol=1e-12):
    """story(torch, F) gives the same tensors in both libraries."""
    told = []
    for library, nn in BOTH:
        library.manual_seed(3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            told.append(arrays_of(story(library, nn.functional)))
    theirs, ours = told
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        single = b.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=max(rtol, 2e-6 * single), atol=max(atol, 1e-6 * single))


def numbers(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape)


def signs(*shape):
    return np.random.default_rng(8).choice([-1.0, 1.0], shape)


def labels(*shape, classes=4):
    return np.random.default_rng(9).integers(0, classes, shape)


def ignoring(target, value):
    """The labels with every third one replaced."""
    target = target.copy()
    target.reshape(-1)[::3] = value
    return target


def shares(*shape):
    raw = numbers(*shape, seed=5, low=0.1, high=1.0)
    return raw / raw.sum(1, keepdims=True)


X, Y, MAP = numbers(6, 4), numbers(6, 4, seed=1), (3, 4, 2, 5)
P = numbers(6, 4, low=0.05, high=0.95)
WEIGHT = np.array([0.5, 2.0, 1.0, 0.0])
SOME, SPOTS = ignoring(labels(6), 7), ignoring(labels(3, 2, 5), -100)

# name, inputs that are differentiated, further tensors, plain options
CASES = [
    ("mse_loss", [X, Y], {}, {}),
    ("mse_loss", [X, Y], {"weight": numbers(6, 4, seed=2, low=0.0)}, {}),
    ("l1_loss", [X, X + numbers(6, 4, seed=1).round()], {}, {}),
    ("l1_loss", [X, Y], {"weight": numbers(6, 4, seed=2, low=0.0)}, {}),
    ("smooth_l1_loss", [X, Y], {}, {}),
    ("smooth_l1_loss", [X, Y], {}, {"beta": 0.3}),
    ("smooth_l1_loss", [X, Y], {}, {"beta": 0.0}),
    ("huber_loss", [X, Y], {}, {}),
    ("huber_loss", [X, Y], {}, {"delta": 0.4}),
    ("huber_loss", [X, Y], {"weight": numbers(6, 4, seed=2, low=0.0)}, {"delta": 0.4}),
    ("binary_cross_entropy", [P, numbers(6, 4, seed=1, low=0.0, high=1.0)], {}, {}),
    ("binary_cross_entropy", [P], {"target": P.round(), "weight": numbers(6, 4, seed=2, low=0.0)}, {}),
    ("binary_cross_entropy", [P], {"target": P.round(), "weight": WEIGHT}, {}),
    ("binary_cross_entropy_with_logits", [X * 9, P], {}, {}),
    ("binary_cross_entropy_with_logits", [X], {"target": P.round(), "weight": WEIGHT}, {}),
    ("binary_cross_entropy_with_logits", [X * 9], {"target": P.round(), "pos_weight": WEIGHT + 0.5}, {}),
    ("binary_cross_entropy_with_logits", [X], {"target": P, "pos_weight": WEIGHT, "weight": P}, {}),
    ("poisson_nll_loss", [X, numbers(6, 4, seed=1, low=0.0, high=4.0)], {}, {}),
    ("poisson_nll_loss", [P], {"target": numbers(6, 4, seed=1, low=0.0, high=4.0)}, {"log_input": False, "full": True}),
    ("gaussian_nll_loss", [X, Y, P], {}, {}),
    ("gaussian_nll_loss", [X, Y, P[:, :1]], {}, {"full": True}),
    ("gaussian_nll_loss", [X, Y, P[:, 0]], {}, {"eps": 0.5}),
    ("gaussian_nll_loss", [X, Y], {}, {"var": 0.7}),
    ("cross_entropy", [X * 3], {"target": labels(6)}, {}),
    ("cross_entropy", [X * 300], {"target": labels(6)}, {}),
    ("cross_entropy", [X[0]], {"target": labels()}, {}),
    ("cross_entropy", [X], {"target": labels(6).astype(np.uint8)}, {}),
    ("cross_entropy", [X], {"target": labels(6), "weight": WEIGHT}, {}),
    ("cross_entropy", [X], {"target": ignoring(labels(6), -100)}, {}),
    ("cross_entropy", [X], {"target": ignoring(labels(6), 2), "weight": WEIGHT}, {"ignore_index": 2}),
    ("cross_entropy", [X], {"target": labels(6)}, {"label_smoothing": 0.1}),
    ("cross_entropy", [X], {"target": ignoring(labels(6), -100)}, {"label_smoothing": 0.1}),
    ("cross_entropy", [X], {"target": labels(6), "weight": WEIGHT}, {"label_smoothing": 0.3}),
    (
        "cross_entropy",
        [X],
        {"target": ignoring(labels(6), 7), "weight": WEIGHT},
        {"ignore_index": 7, "label_smoothing": 0.3},
    ),
    ("cross_entropy", [X, shares(6, 4)], {}, {}),
    ("cross_entropy", [X], {"target": shares(6, 4), "weight": WEIGHT}, {"label_smoothing": 0.2}),
    ("cross_entropy", [numbers(*MAP)], {"target": labels(3, 2, 5)}, {}),
    (
        "cross_entropy",
        [numbers(*MAP)],
        {"target": ignoring(labels(3, 2, 5), -100), "weight": WEIGHT},
        {"label_smoothing": 0.1},
    ),
    ("cross_entropy", [numbers(*MAP)], {"target": shares(*MAP), "weight": WEIGHT.reshape(4)}, {}),
    ("nll_loss", [X], {"target": labels(6)}, {}),
    ("nll_loss", [X[0]], {"target": labels()}, {}),
    ("nll_loss", [numbers(*MAP)], {"target": ignoring(labels(3, 2, 5), 1), "weight": WEIGHT}, {"ignore_index": 1}),
    ("kl_div", [np.log(P), shares(6, 4)], {}, {}),
    ("kl_div", [np.log(P)], {"target": P.round()}, {}),
    ("kl_div", [np.log(P), np.log(shares(6, 4))], {}, {"log_target": True}),
    ("hinge_embedding_loss", [X], {"target": signs(6, 4)}, {}),
    ("hinge_embedding_loss", [X], {"target": signs(6, 4).round()}, {"margin": 0.2}),
    ("margin_ranking_loss", [X, Y], {"target": signs(6, 4)}, {"margin": 0.3}),
    ("soft_margin_loss", [X], {"target": signs(6, 4)}, {}),
    ("multi_margin_loss", [X], {"target": labels(6)}, {}),
    ("multi_margin_loss", [X], {"target": labels(6), "weight": WEIGHT}, {"p": 2, "margin": 0.5}),
    ("multi_margin_loss", [X[0]], {"target": labels()}, {}),
    ("multilabel_soft_margin_loss", [X], {"target": P.round(), "weight": WEIGHT}, {}),
    ("cosine_embedding_loss", [X, Y], {"target": signs(6)}, {"margin": 0.1}),
    ("triplet_margin_loss", [X, Y, numbers(6, 4, seed=2)], {}, {}),
    (
        "triplet_margin_loss",
        [X, Y, numbers(6, 4, seed=2)],
        {},
        {"swap": True, "p": 1, "margin": 2.0},
    ),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda i: f"{CASES[i][0]} {CASES[i][3]}")
def test_losses(number, reduction):
    name, inputs, others, options = CASES[number]

    def story(torch, F):
        xs = [torch.tensor(x, requires_grad=True) for x in inputs]
        tensors = {k: torch.tensor(v) for k, v in others.items()}
        y = getattr(F, name)(*xs, **tensors, **options, reduction=reduction)
        (y * torch.tensor(numbers(*y.shape, seed=31))).sum().backward()
        return [y, [x.grad for x in xs]]

    same(story)


@pytest.mark.parametrize("name", ["kl_div"])
def test_batchmean(name):
    same(lambda torch, F: getattr(F, name)(torch.tensor(np.log(P)), torch.tensor(shares(6, 4)), reduction="batchmean"))


MODULES = [
    (lambda nn, w: nn.MSELoss(False), "pair"),
    (lambda nn, w: nn.MSELoss(reduction="sum"), "pair"),
    (lambda nn, w: nn.L1Loss(), "pair"),
    (lambda nn, w: nn.SmoothL1Loss(beta=0.5), "pair"),
    (lambda nn, w: nn.HuberLoss("none", 0.7), "pair"),
    (lambda nn, w: nn.PoissonNLLLoss(full=True), "pair"),
    (lambda nn, w: nn.SoftMarginLoss(), "signs"),
    (lambda nn, w: nn.HingeEmbeddingLoss(0.4), "signs"),
    (lambda nn, w: nn.BCEWithLogitsLoss(weight=w, pos_weight=w), "shares"),
    (lambda nn, w: nn.MultiLabelSoftMarginLoss(w), "shares"),
    (lambda nn, w: nn.CrossEntropyLoss(w, ignore_index=1, label_smoothing=0.2), "labels"),
    (lambda nn, w: nn.CrossEntropyLoss(reduction="none"), "labels"),
    (lambda nn, w: nn.NLLLoss(w, ignore_index=1, reduction="sum"), "labels"),
    (lambda nn, w: nn.MultiMarginLoss(2, 0.3, w), "labels"),
    (lambda nn, w: nn.KLDivLoss(reduction="batchmean"), "shares"),
]


@pytest.mark.parametrize("number", range(len(MODULES)))
def test_loss_modules_pass_their_settings_on(number):
    make, kind = MODULES[number]
    targets = {"pair": numbers(6, 4, seed=1), "signs": signs(6, 4), "labels": labels(6), "shares": shares(6, 4)}
    reprs = []

    def story(library, F):
        nn = dict(BOTH)[library]
        loss = make(nn, library.tensor(WEIGHT))
        reprs.append((repr(loss), list(loss.state_dict())))
        return loss(library.tensor(X), library.tensor(targets[kind]))

    same(story)
    assert reprs[0] == reprs[1]


def test_losses_of_three_tensors():
    def story(library, F):
        nn = dict(BOTH)[library]
        a, b, c = (library.tensor(numbers(6, 4, seed=s)) for s in range(3))
        sign = library.tensor(signs(6))
        return [
            nn.GaussianNLLLoss(full=True, eps=0.1)(a, b, c * c),
            nn.MarginRankingLoss(0.2)(a[:, 0], b[:, 0], sign),
            nn.CosineEmbeddingLoss(0.2)(a, b, sign),
            nn.TripletMarginLoss(0.5, p=1.0, swap=True)(a, b, c),
            nn.CosineSimilarity(dim=0, eps=0.1)(a, b),
            nn.PairwiseDistance(3.0, keepdim=True)(a, b),
        ]

    same(story)


def test_extreme_probabilities_and_scores():
    """Float32 at the ends: probabilities of exactly 0 and 1, scores of +-1000, and PyTorch's slopes there."""

    def story(torch, F):
        p = torch.tensor([0.0, 1.0, 0.0, 1.0, 1e-13, 0.5, 1e-30], requires_grad=True)
        t = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0])
        told = [F.binary_cross_entropy(p, t, reduction="none"), F.binary_cross_entropy(p, t)]
        told[1].backward()
        z = torch.tensor([-1000.0, 1000.0, -1000.0, 1000.0, -30.0, 30.0, 0.0], requires_grad=True)
        probability = torch.sigmoid(z)
        F.binary_cross_entropy(probability, t).backward()
        told += [p.grad, z.grad]
        z.grad = None
        told.append(F.binary_cross_entropy_with_logits(z, t, reduction="none"))
        told[-1].sum().backward()
        rows = torch.tensor([[1000.0, -1000.0, 0.0], [-1e30, 0.0, 1e30]], requires_grad=True)
        told.append(F.cross_entropy(rows, torch.tensor([1, 2])))
        told[-1].backward()
        far = torch.tensor([1e30, -1e30, float("inf")], requires_grad=True)
        F.huber_loss(far, torch.zeros(3)).backward()
        far_slope = far.grad
        far.grad = None
        F.smooth_l1_loss(far, torch.zeros(3)).backward()
        return [*told, z.grad, rows.grad, far_slope, far.grad]

    same(story)


def test_empty_batches_and_all_rows_ignored_give_nan_as_in_pytorch():
    def story(torch, F):
        scores = torch.zeros(2, 3)
        return [
            F.cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)),
            F.cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), reduction="sum"),
            F.cross_entropy(scores, torch.tensor([-100, -100])),
            F.mse_loss(torch.zeros(0), torch.zeros(0)),
        ]

    same(story)


FUNCTIONS = [
    lambda torch, F, x: F.pad(x, (1, 2)),
    lambda torch, F, x: F.pad(x, (1, -1, 2, 0), value=3.0),
    lambda torch, F, x: F.pad(x, (-1, -2)),
    lambda torch, F, x: F.pad(x[None], (2, 1), mode="reflect"),
    lambda torch, F, x: F.pad(x[None], (2, 1), mode="replicate"),
    lambda torch, F, x: F.pad(x[None], (3, 1), mode="circular"),
    lambda torch, F, x: F.pad(x[None, None], (1, 2, 3, 1), mode="reflect"),
    lambda torch, F, x: F.normalize(x),
    lambda torch, F, x: F.normalize(x, p=1.0, dim=0),
    lambda torch, F, x: F.normalize(x * 0, dim=-1),
    lambda torch, F, x: F.cosine_similarity(x, x.flip(0)),
    lambda torch, F, x: F.cosine_similarity(x, x.flip(1), dim=0, eps=10.0),
    lambda torch, F, x: F.pairwise_distance(x, x.flip(0), p=1.0),
    lambda torch, F, x: F.softmax(x, dim=0, dtype=torch.float32),
    lambda torch, F, x: F.log_softmax(x, -1),
    lambda torch, F, x: F.softmin(x, 1),
    lambda torch, F, x: F.batch_norm(x, torch.ones(4).double(), torch.ones(4).double() * 4),
    lambda torch, F, x: F.batch_norm(x, None, None, training=True),
    lambda torch, F, x: F.layer_norm(x, (6, 4), x.detach(), x.detach() + 1),
    lambda torch, F, x: F.rms_norm(x, (4,)),
    lambda torch, F, x: F.conv2d(x[None, None], x[None, None, :2, :3].detach(), padding="same"),
    lambda torch, F, x: F.conv1d(x, x.detach()[:2, :3][:, None].expand(2, 6, 3), stride=(1,)),
    lambda torch, F, x: F.adaptive_avg_pool2d(x[None], (4, 3)),
    lambda torch, F, x: F.embedding(torch.tensor([[0, 5], [3, 0]]), x, padding_idx=3),
    lambda torch, F, x: F.bilinear(x, x, torch.ones(2, 4, 4).double()),
    lambda torch, F, x: F.gumbel_softmax(x.float(), tau=0.5),
    lambda torch, F, x: F.gumbel_softmax(x.float(), hard=True, dim=0),
    lambda torch, F, x: F.one_hot(torch.tensor([[0, 2], [1, 1]])),
    lambda torch, F, x: F.one_hot(torch.tensor([0, 2]), 5),
    lambda torch, F, x: F.dropout(x, 0.3),
    lambda torch, F, x: F.dropout(x.T, 0.3),
    lambda torch, F, x: F.alpha_dropout(x, 0.3, training=True),
]


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_functions(number):
    def story(torch, F):
        x = torch.tensor(X, requires_grad=True)
        y = FUNCTIONS[number](torch, F, x)
        if not y.requires_grad:
            return y
        (y * y * y).sum().backward()
        return [y, x.grad.to(y.dtype)]

    same(story, rtol=1e-9)

"""The findings: one row of a table each, with what it looks at, its test, and its words.

A row's test is given a `Case` in which everything that the row `needs` is known. It returns what it has seen, or None.
A new finding is one new row, and in the tests one case that causes it and one that does not.

Where the numbers of the tests come from: update-to-weight ratios near 1e-3 are usual for networks that learn well
(A. Karpathy, CS231n, 2015); a classifier that knows nothing has a loss of ln(classes), the entropy of a blind guess;
gradients that shrink or grow by a constant factor per layer (S. Hochreiter, 1991) show as the ratio of the typical
gradient of the first layer to that of the last.
"""

from __future__ import annotations

from glassnet.train.doctor import in_data, in_layers, in_learning
from glassnet.train.doctor.case import Case
from glassnet.train.doctor.finding import Finding, Row


def diagnose(case: Case) -> list[Finding]:
    """Everything that can be said about a case: problems first, then hints, then what is good."""
    found = {row.name: finding for row in FINDINGS if (finding := row.finding(case)) is not None}
    silenced = {other for name in found for other in _SILENCES.get(name, ())}
    return sorted((f for name, f in found.items() if name not in silenced), key=lambda f: _LEVELS.index(f.level))


_LEVELS = ("problem", "hint", "good")

# What is not said when this has been said: its consequences, and praise.
_SILENCES = {
    "symmetric start": ("dead units", "vanishing gradients", "outdone"),
    "overfitting": ("gap", "learning well"),
    "no learning": ("learning well", "outdone"),
    "learning rate too high": ("learning well", "outdone"),
}

FINDINGS: tuple[Row, ...] = (
    Row(
        "dead units", "problem", ("last",), in_layers.dead,
        "a unit that is 0 for every example has no gradient: it learns nothing and says nothing",
        "a smaller learning rate, or an activation that is never flat",
        "layer = torch.nn.LeakyReLU(0.01)", "--activation leaky_relu",
    ),
    Row(
        "saturated units", "problem", ("last",), in_layers.saturated,
        "at the flat ends of tanh and sigmoid the slope is almost 0, so little of any gradient passes",
        "inputs of mean 0 and deviation 1, smaller starting weights, or ReLU",
        "torch.nn.init.xavier_uniform_(layer.weight)", "--init xavier_uniform --activation relu",
    ),
    Row(
        "vanishing gradients", "problem", ("last",), in_layers.vanishing,
        "the first layers hardly move, so the network learns with its last layers only",
        "ReLU with He's start, batch normalisation, or fewer layers",
        "torch.nn.init.kaiming_normal_(layer.weight)", "--activation relu --init kaiming_normal",
    ),
    Row(
        "exploding gradients", "problem", ("last",), in_layers.exploding,
        "a step along such a gradient throws the weights far away; soon there are infinities",
        "gradient clipping, a smaller learning rate, smaller starting weights",
        "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)", "--clip-norm 1",
    ),
    Row(
        "updates too small", "hint", ("looks",), in_layers.small_updates,
        "at this pace the weights need very many steps to get anywhere",
        "a learning rate ten times as large",
        'optimizer.param_groups[0]["lr"] *= 10', "--learning-rate {rate:.2g}",
    ),
    Row(
        "updates too large", "hint", ("looks",), in_layers.large_updates,
        "steps of that size jump over what they aim at",
        "a learning rate ten times smaller, or a warm-up",
        'optimizer.param_groups[0]["lr"] /= 10', "--learning-rate {rate:.2g}",
    ),
    Row(
        "symmetric start", "problem", ("twins",), in_layers.twins,
        "units that start alike get equal gradients and stay alike: the layer is as good as a single unit",
        "random starting weights",
        "torch.nn.init.kaiming_uniform_(layer.weight)", "--init default",
    ),
    Row(
        "high first loss", "hint", ("activity",), in_learning.high_start,
        "before it has learnt anything the network is sure of wrong answers, and first has to unlearn them",
        "smaller weights in the last layer, and inputs of mean 0 and deviation 1",
        "torch.nn.init.normal_(model[-1].weight, std=0.01)", "--init default",
    ),
    Row(
        "no learning", "problem", ("learning",), in_learning.no_learning,
        "what it has now it could have guessed: the weights are not moved towards the answer",
        "`glassnet doctor --data DATA` for the data, another learning rate, and training on 10 examples first: "
        "their loss must go to 0",
        "from glassnet.train.doctor import check\nprint(check(model, loss_fn, x, y, optimizer))",
    ),
    Row(
        "learning rate too high", "problem", (), in_learning.too_high,
        "each step jumps over the valley and lands higher than it came from",
        "a learning rate ten times smaller",
        'optimizer.param_groups[0]["lr"] /= 10', "--learning-rate {rate:.2g}",
    ),
    Row(
        "learning rate too low", "hint", (), in_learning.too_low,
        "the direction is right and the steps are tiny: most of the time is wasted",
        "a learning rate ten times as large",
        'optimizer.param_groups[0]["lr"] *= 10', "--learning-rate {rate:.2g}",
    ),
    Row(
        "overfitting", "problem", ("held",), in_learning.overfitting,
        "since then it has been learning its examples by heart, at the cost of all others",
        "stopping after epoch {best:g}, more data, or weight decay and dropout",
        "optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)",
        "--epochs {best:g}",
    ),
    Row(
        "gap", "hint", ("held",), in_learning.gap,
        "what counts is how it does on examples it has not seen",
        "more examples, augmentation, dropout or weight decay",
        "layer = torch.nn.Dropout(0.2)", "--dropout 0.2",
    ),
    Row(
        "outdone", "hint", ("rivals",), in_learning.outdone,
        "a network is worth its trouble where it finds what a straight line cannot; here it has found less than that",
        "more epochs, another learning rate (`glassnet lr-find DATA`), or no hidden layer at all",
        "model = torch.nn.Linear(in_features, out_features)", "--hidden none",
    ),
    Row(
        "softmax twice", "problem", ("loss", "last_layer"), in_learning.twice,
        "squashed twice, the scores are almost equal: gradients are small and the loss cannot get near 0",
        "leaving {layer} out while training; the loss takes the scores as they are",
        "model = model[:-1]",
    ),
    Row(
        "forgotten zero_grad", "problem", ("leftover",), in_learning.zero_grad,
        "backward() adds to the gradients that are there, so every step also repeats all earlier ones",
        "clearing them before backward()",
        "optimizer.zero_grad()",
    ),
    Row(
        "label noise", "hint", ("scores", "labels"), in_data.noise,
        "wrong labels teach the wrong thing, and the network loses capacity on learning them by heart",
        "looking at these rows, and correcting or leaving them out",
        "print(x[{first}], y[{first}])", "--label-smoothing 0.1", arrays=True,
    ),
    Row(
        "class imbalance", "hint", ("labels",), in_data.imbalance,
        "always naming the largest class is right for most of the examples, so accuracy says little",
        "weighing classes by their rarity, and looking at the accuracy of each class",
        "loss = torch.nn.CrossEntropyLoss(weight=1 / torch.bincount(y))", "--class-weight balanced",
    ),
    Row(
        "constant features", "hint", ("train",), in_data.constant,
        "a feature that never changes cannot tell examples apart, and is a shock on the day it does change",
        "leaving these columns out",
        "x = x[:, x_train.max(0) > x_train.min(0)]", "{drop}",
    ),
    Row(
        "leaking features", "problem", ("train",), in_data.leaking,
        "it may be the target in disguise, or known only afterwards: then the network is useless on new examples",
        "leaving it out, unless it will be known when the network is asked",
        "x = numpy.delete(x, {columns}, axis=1)", "{drop}",
    ),
    Row(
        "unnormalised inputs", "problem", ("train",), in_data.unscaled,
        "large inputs make large gradients and saturated units, and every learning rate is wrong for some feature",
        "mean 0 and deviation 1, with the numbers of the training part",
        "x = (x - x_train.mean(0)) / (x_train.std(0) + 1e-8)",
    ),
    Row(
        "duplicates between parts", "problem", ("train",), in_data.duplicates,
        "rows that were learnt from are known already: the figures of the other part are too good",
        "leaving them out of one part, or splitting by group",
        "x_test = x_test[[not (row == x_train).all(1).any() for row in x_test]]", arrays=True,
    ),
    Row(
        "sorted labels", "problem", ("labels",), in_data.sorted_labels,
        "batches of one class pull the network to that class, and the next ones pull it away again",
        "a new order at every pass",
        "loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)",
    ),
    Row(
        "no other part", "hint", ("train",), in_data.no_other_part,
        "without examples that it has not seen nobody knows whether it has learnt the rule or the examples",
        "keeping a fifth aside",
        "x_train, x_test = x[: 4 * len(x) // 5], x[4 * len(x) // 5 :]", "--test-fraction 0.2",
    ),
    Row(
        "learning well", "good", ("held",), in_learning.learning_well,
        "both losses fall together: it learns the rule and not the examples",
        "going on like this as long as both fall",
    ),
)  # fmt: skip

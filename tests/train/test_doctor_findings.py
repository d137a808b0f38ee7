"""Every finding of the table has a case that causes it and one that does not; most causes are real networks."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.data.registry import DataSet
from glassnet.read.formula import Compare, evaluate
from glassnet.train.activity import Activity, probe, with_updates
from glassnet.train.doctor import FINDINGS, Case, Epoch, Part, check, checking, diagnose, story
from glassnet.train.doctor.measure import twin_units
from glassnet.train.doctor.rivals import beside, rivals_of
from glassnet.train.evaluation import Regression, classification
from glassnet.train.multilabel import Multilabel
from glassnet.train.stories.doctor import TELLERS, tell_findings

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)


def net(*layers):
    torch.manual_seed(1)
    return nn.Sequential(*layers)


def looked(model, x=X, y=Y, loss=F.cross_entropy):
    return Case(activity=Activity([probe(model, loss, torch.from_numpy(x), torch.from_numpy(y))]))


def mlp(activation=nn.ReLU):
    torch.manual_seed(1)
    return net(nn.Linear(4, 16), activation(), nn.Linear(16, 16), activation(), nn.Linear(16, 2))


def dead():
    model = mlp()
    with torch.no_grad():
        model[0].bias[:8].fill_(-50.0)
    return looked(model)


def saturated():
    model = mlp(nn.Tanh)
    with torch.no_grad():
        model[2].weight.mul_(200.0)
    return looked(model)


def deep(activation, scale, layers=12):
    torch.manual_seed(1)
    parts = []
    for _ in range(layers):
        parts += [nn.Linear(16, 16), activation()]
    model = nn.Sequential(nn.Linear(4, 16), *parts, nn.Linear(16, 2))
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                layer.weight.mul_(scale)
    return looked(model)


def updated(ratio, step=10):
    look = probe(mlp(), F.cross_entropy, torch.from_numpy(X), torch.from_numpy(Y), step=step)
    return Case(activity=Activity([with_updates(look, {p.name: ratio for p in look.weights})]))


def started(make):
    model = mlp()
    make(model)
    batch = torch.from_numpy(X), torch.from_numpy(Y)
    return Case(twins=twin_units(model, F.cross_entropy, *batch))


def zeroed(model):
    for p in model.parameters():
        nn.init.zeros_(p)


def all_alike(model):
    for p in model.parameters():
        nn.init.constant_(p, 0.3)


def first_loss(scale):
    model = mlp()
    with torch.no_grad():
        model[-1].weight.mul_(scale)
    case = looked(model)
    case.task, case.classes = "classification", ("no", "yes")
    return case


def history(*losses, held=None):
    held = held or [np.nan] * len(losses)
    return [Epoch(float(i), a, b) for i, (a, b) in enumerate(zip(losses, held, strict=True), 1)]


def learned(labels):
    """The scores of a network that has learnt most of these labels."""
    torch.manual_seed(0)
    model = nn.Linear(4, 2)
    optimizer = optim.Adam(model.parameters(), lr=0.3)
    x, y = torch.from_numpy(X), torch.from_numpy(labels)

    @torch.compile
    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    for _ in range(60):
        step(x, y)
    with torch.no_grad():
        scores = model(x).numpy()
    return Case(task="classification", classes=("no", "yes"), train=Part(X, labels), scores=scores)


def flipped():
    sure = np.argsort(-np.abs(X[:, 0] + X[:, 1]))[:3]
    labels = Y.copy()
    labels[sure] = 1 - labels[sure]
    return learned(labels)


def data(x=X, y=Y, **known):
    return Case(task="classification", classes=("no", "yes"), train=Part(x, y), **known)


def with_column(column):
    return data(np.column_stack([X, column]).astype(np.float32))


def leftover(clears):
    model = mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.01)

    def step(x, y):
        if clears:
            optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return check(model, F.cross_entropy, X, Y, step=step)


def tried(rate, kind=optim.SGD):
    model = mlp()
    return check(model, F.cross_entropy, X, Y, kind(model.parameters(), lr=rate))


def beside_a_line(bent):
    """A network that knows little beside logistic regression, on points whose border is straight, or a ring."""
    y = (X[:, 0] ** 2 + X[:, 1] ** 2 > 1.4).astype(np.int64) if bent else Y
    known = DataSet("points", "classification", "", "", ("no", "yes"), (), X[:100], y[:100], X[100:], y[100:])
    scores = np.column_stack([np.zeros(100), np.where(RNG.random(100) < 0.75, y[100:] - 0.5, 0.5 - y[100:])])
    return Case(rivals=rivals_of(classification(scores, y[100:]), known))


FALL = (1.0, 0.6, 0.4, 0.3, 0.2)
PARTS = Part(X[:150], Y[:150]), Part(X[150:], Y[150:])

CAUSES = {
    "dead units": dead,
    "saturated units": saturated,
    "vanishing gradients": lambda: deep(nn.Sigmoid, 1.0),
    "exploding gradients": lambda: deep(nn.ReLU, 9.0),
    "updates too small": lambda: updated(1e-6),
    "updates too large": lambda: updated(0.3),
    "symmetric start": lambda: started(zeroed),
    "high first loss": lambda: first_loss(100.0),
    "no learning": lambda: Case(history=history(0.69, 0.70, 0.69, 0.695, 0.692)),
    "learning rate too high": lambda: tried(1e4),
    "learning rate too low": lambda: tried(1e-7),
    "overfitting": lambda: Case(history=history(*FALL, held=[1.0, 0.7, 0.6, 0.7, 0.9])),
    "gap": lambda: Case(history=history(*FALL, held=[1.0, 0.7, 0.6, 0.6, 0.6])),
    "outdone": lambda: beside_a_line(bent=False),
    "softmax twice": lambda: check(net(nn.Linear(4, 2), nn.Softmax(dim=1)), F.cross_entropy, X, Y),
    "forgotten zero_grad": lambda: leftover(clears=False),
    "label noise": flipped,
    "class imbalance": lambda: data(y=(np.arange(200) < 10).astype(np.int64)),
    "constant features": lambda: with_column(np.full(200, 7.0)),
    "leaking features": lambda: with_column(Y * 2.0 - 1 + 0.1 * X[:, 3]),
    "unnormalised inputs": lambda: data(np.abs(X) * 60),
    "duplicates between parts": lambda: data(validation=PARTS[1], test=Part(X[7:9], Y[7:9])),
    "sorted labels": lambda: data(X[np.argsort(Y)], np.sort(Y), shuffled=False),
    "no other part": lambda: data(test=Part(X[:0], Y[:0])),
    "learning well": lambda: Case(history=history(*FALL, held=[1.0, 0.7, 0.6, 0.5, 0.4])),
}

INNOCENT = {
    "dead units": lambda: looked(mlp()),
    "saturated units": lambda: looked(mlp(nn.Tanh)),
    "vanishing gradients": lambda: deep(nn.Tanh, 2.5, layers=6),
    "exploding gradients": lambda: deep(nn.ReLU, 1.0, layers=3),
    "updates too small": lambda: updated(1e-3),
    "updates too large": lambda: updated(1e-3),
    "symmetric start": lambda: started(lambda model: None),
    "high first loss": lambda: first_loss(1.0),
    "no learning": lambda: Case(history=history(*FALL)),
    "learning rate too high": lambda: tried(0.1),
    "learning rate too low": lambda: tried(0.1),
    "overfitting": lambda: Case(history=history(*FALL, held=[1.0, 0.7, 0.6, 0.61, 0.62])),
    "gap": lambda: Case(history=history(*FALL, held=[1.0, 0.7, 0.5, 0.4, 0.3])),
    "outdone": lambda: beside_a_line(bent=True),
    "softmax twice": lambda: check(net(nn.Linear(4, 2)), F.cross_entropy, X, Y),
    "forgotten zero_grad": lambda: leftover(clears=True),
    "label noise": lambda: learned(Y),
    "class imbalance": data,
    "constant features": lambda: with_column(np.arange(200)),
    "leaking features": lambda: with_column(Y + X[:, 3]),
    "unnormalised inputs": data,
    "duplicates between parts": lambda: Case(task="classification", train=PARTS[0], test=PARTS[1]),
    "sorted labels": lambda: data(X[np.argsort(Y)], np.sort(Y), shuffled=True),
    "no other part": lambda: data(test=Part(X[:1], Y[:1])),
    "learning well": lambda: Case(history=history(*FALL, held=[1.0, 0.7, 0.6, 0.7, 0.9])),
}


def found(made):
    return {f.name: f for f in (diagnose(made) if isinstance(made, Case) else made)}


def test_a_first_step_at_the_foot_of_a_warm_up_is_no_finding():
    assert "updates too small" not in found(updated(0.0, step=0))


@pytest.mark.parametrize(("last", "told"), [(0.4, True), (0.2, False)])
def test_small_steps_are_no_trouble_once_it_was_learnt(last, told):
    case = updated(1e-6)
    case.history = history(0.7, 0.5, last)
    assert ("updates too small" in found(case)) is told


def test_no_finding_lacks_a_cause_or_an_innocent():
    names = {row.name for row in FINDINGS}
    assert len(names) == len(FINDINGS) >= 24
    assert set(CAUSES) == names
    assert set(INNOCENT) == set(TELLERS) == names


@pytest.mark.parametrize("name", list(CAUSES))
def test_what_causes_a_finding_brings_it(name):
    finding = found(CAUSES[name]())[name]
    for beat in (finding.headline, finding.seen, finding.why, finding.change):
        assert beat
        assert "{" not in beat
    assert not any(ch in finding.headline for ch in "!\n")
    assert any(ch.isdigit() for ch in finding.seen + str(finding.figures)) or name == "softmax twice"
    assert finding.figures or name == "learning well"


@pytest.mark.parametrize("name", list(INNOCENT))
def test_what_does_not_cause_it_does_not(name):
    assert name not in found(INNOCENT[name]())


@pytest.mark.parametrize("name", list(CAUSES))
def test_what_is_to_be_pasted_is_python(name):
    finding = found(CAUSES[name]())[name]
    if finding.code:
        compile(finding.code, name, "exec")


@pytest.mark.parametrize("name", list(CAUSES))
def test_what_was_seen_is_told_and_comes_out_of_its_formula(name, monkeypatch):
    cases = []
    monkeypatch.setattr(checking, "diagnose", lambda case: cases.append(case) or diagnose(case))
    made = CAUSES[name]()
    case = made if isinstance(made, Case) else cases[-1]
    steps = TELLERS[name](case, found(made)[name])
    for step in steps:
        for line in step.lines:
            assert float(evaluate(line.formula)) == pytest.approx(float(line.value), rel=1e-6, abs=1e-12)
    assert isinstance(steps[-1].formula, Compare)
    assert float(steps[-1].result) == 1.0
    if isinstance(made, Case):
        assert found(made)[name].headline + "." in tell_findings(case).summary


def test_an_unknown_case_brings_nothing():
    assert diagnose(Case()) == []


def test_layers_and_numbers_are_named():
    finding = found(dead())["dead units"]
    assert "8 of 16 in layer `1` (ReLU)" in finding.seen
    assert finding.figures == {"1": 8}
    noise = found(flipped())["label noise"]
    sure = np.argsort(-np.abs(X[:, 0] + X[:, 1]))[:3]
    assert set(noise.figures["rows"]) == set(sure.tolist())
    assert str(sure[0]) in noise.seen


def test_overfitting_says_since_when_and_silences_praise():
    case = Case(history=history(*FALL, held=[1.0, 0.7, 0.6, 0.7, 0.95]))
    names = found(case)
    assert names["overfitting"].headline == "overfitting since epoch 4"
    assert names["overfitting"].option == "--epochs 3"
    assert "learning well" not in names


def test_answers_that_stay_as_good_are_no_overfitting_unless_far_too_sure():
    def case(last):
        held = [(1.0, 0.7), (0.4, 0.9), (0.3, 0.95), (last, 0.95)]
        return Case(history=[Epoch(i, 1.0 / (i + 1), a, b) for i, (a, b) in enumerate(held)])

    assert "learning well" in found(case(0.5))
    assert "overfitting" in found(case(0.7))


@pytest.mark.parametrize(
    ("task", "y", "blind"), [("classification", Y, np.log(2)), ("regression", X[:, :1], float(X[:, 0].var()))]
)
def test_what_was_learnt_in_the_first_epoch_is_learnt(task, y, blind):
    def names(share):
        losses = [share * blind * (1 + 0.001 * (i % 2)) for i in range(6)]
        return set(found(Case(task=task, train=Part(X, y), test=Part(X[:1], y[:1]), history=history(*losses))))

    assert "no learning" not in names(0.1)
    assert "no learning" in names(0.99)


def test_it_is_no_overfitting_while_others_fare_better_than_its_own():
    """As with dropout, which only the training's examples feel."""
    held = [0.5, 0.2, 0.1, 0.15]
    assert "overfitting" in found(Case(history=history(1.0, 0.5, 0.2, 0.1, held=held)))
    assert "overfitting" not in found(Case(history=history(1.0, 0.5, 0.4, 0.3, held=held)))


def test_a_difference_that_may_be_chance_is_no_finding():
    """Of 100 answers the line has 4 right that the network has wrong, and 1 wrong: 3 points, give or take 2.2."""
    truth = np.zeros(100, int)
    for wins, told in ((4, False), (9, True)):
        mine, theirs = (np.eye(2)[(np.arange(100) < wrong).astype(int)] for wrong in (wins, 0))
        theirs[-1] = theirs[-1][::-1]
        rival = beside("logistic regression", classification(mine, truth), classification(theirs, truth))
        gap = wins / 100 - 1 / 100
        by_hand = np.sqrt(((wins + 1) / 100 - gap**2) * 100 / 99 / 100)
        assert (rival.own, rival.theirs) == pytest.approx((1 - wins / 100, 0.99))
        assert rival.error == pytest.approx(by_hand)
        assert ("outdone" in found(Case(rivals=[rival]))) is told


def test_what_is_compared_is_r2_or_the_share_of_right_answers():
    targets = RNG.normal(size=(50, 2))
    noise = RNG.normal(size=(50, 2))
    near, far = (Regression(targets + share * noise, targets, np.array([2.0, 0.5])) for share in (0.1, 0.5))
    rival = beside("linear regression", far, near)
    assert (rival.measure, rival.own, rival.theirs) == ("R²", pytest.approx(far.r2), pytest.approx(near.r2))
    assert "the network 0." in found(Case(rivals=[rival]))["outdone"].seen
    scores, several = RNG.normal(size=(50, 3)), (RNG.random((50, 3)) > 0.5).astype(float)
    mine, theirs = Multilabel(scores, several), Multilabel(several - 0.5, several)
    assert beside("logistic regression", mine, theirs)[1:4] == ("accuracy", pytest.approx(mine.accuracy), 1.0)


def test_the_lectures_table_of_overfitting():
    """Losses 2.3/2.3 at epoch 1, 0.1/0.3 at 10, 0.001/0.5 at 50: starting, training well, overfitting."""
    rows = [Epoch(1, 2.3, 2.3), Epoch(10, 0.1, 0.3), Epoch(50, 0.001, 0.5)]
    said = [found(Case(history=rows[: i + 1])) for i in range(3)]
    assert not said[0]
    assert "learning well" in said[1]
    assert said[2]["overfitting"].figures["since"] == 50
    assert [moment.verdict for moment in story(rows)] == ["starting", "learning well", "overfitting"]


def test_a_long_story_is_told_in_a_few_lines():
    losses = [1 / (i + 1) for i in range(200)]
    held = [abs(i - 60) / 100 + 0.3 for i in range(200)]
    told = story([Epoch(i, a, b) for i, (a, b) in enumerate(zip(losses, held, strict=True))])
    assert 6 <= len(told) <= 9
    assert {0, 60, 199} <= {moment.epoch for moment in told}
    assert [moment.epoch for moment in told] == sorted(moment.epoch for moment in told)
    assert told[-1].verdict == "overfitting"


def test_a_story_without_progress():
    assert [m.verdict for m in story([Epoch(i, 0.7, 0.7) for i in range(3)])][1:] == ["no progress"] * 2


@pytest.mark.parametrize("make", [zeroed, all_alike])
def test_a_symmetric_start_shows_two_equal_gradients(make):
    finding = found(started(make))["symmetric start"]
    a, b = finding.seen.split(": ")[1].split(" and ")
    assert a == b
    assert "16 units of `0.weight`" in finding.seen


def test_problems_come_first():
    case = Case(
        task="classification",
        classes=("a", "b"),
        train=Part(np.abs(X) * 60, (np.arange(200) < 10).astype(np.int64)),
        history=history(*FALL, held=[1.0, 0.7, 0.6, 0.5, 0.4]),
    )
    levels = [f.level for f in diagnose(case)]
    assert levels == sorted(levels, key=["problem", "hint", "good"].index)
    assert set(levels) == {"problem", "hint", "good"}


def test_the_suggested_cure_cures():
    """Dead units by LeakyReLU, a symmetric start by He's, a rate by its tenth."""
    cured = looked(mlp(lambda: nn.LeakyReLU(0.01)))
    assert "dead units" not in found(cured)
    model = mlp()
    zeroed(model)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight)
    assert twin_units(model, F.cross_entropy, torch.from_numpy(X), torch.from_numpy(Y)) == []
    finding = found(tried(2e3))["learning rate too high"]
    assert finding.figures["rate"] == pytest.approx(200.0)


def test_a_check_leaves_everything_as_it_was():
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    x, y = torch.from_numpy(X), torch.from_numpy(Y)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    step(x, y)

    def everything():
        state = optimizer.state_dict()["state"]
        numbers = [t.array for t in model.state_dict().values()] + [p.grad.array for p in model.parameters()]
        numbers += [np.asarray(v.array) for s in state.values() for v in s.values() if hasattr(v, "array")]
        return [n.tobytes() for n in numbers], np.asarray(torch.get_rng_state()).tobytes(), model.training

    before = everything()
    check(model, F.cross_entropy, x, y, optimizer, step=step)
    assert everything() == before


def test_no_examples_is_an_error_in_three_beats():
    with pytest.raises(torch.errors.DataError, match=r"got no examples; expected .*\. Try "):
        check(mlp(), F.cross_entropy, X[:0], Y[:0])


@pytest.mark.parametrize(("rare", "said"), [(33, True), (34, False)])
def test_classes_five_times_apart_are_imbalanced_and_nearer_ones_are_not(rare, said):
    case = data(X[:198], (np.arange(198) < rare).astype(np.int64))
    assert ("class imbalance" in found(case)) is said

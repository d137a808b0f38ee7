"""Random numbers: states, generators, forks, and every kind of draw."""

import torch
from torch import nn

torch.manual_seed(5)
print(torch.rand(3), torch.randn(3), torch.randn(20)[:4])
print(torch.randint(0, 10, (5,)), torch.randint(3, (2, 2)), torch.randperm(6))
print(torch.normal(0.0, 2.0, (3,)), torch.normal(torch.zeros(3), torch.tensor([1.0, 2.0, 3.0])))
print(torch.bernoulli(torch.tensor([0.1, 0.5, 0.9, 0.5])), torch.multinomial(torch.tensor([1.0, 2.0, 7.0]), 5, True))
print(torch.multinomial(torch.tensor([[1.0, 2.0, 7.0], [1.0, 0.0, 1.0]]), 2))
print(torch.rand_like(torch.ones(2, 2)), torch.randn_like(torch.ones(2)), torch.empty(3).uniform_(-1, 1))
print(torch.empty(2, 2).normal_(1.0, 0.1), torch.zeros(4).bernoulli_(0.5), torch.empty(3).exponential_())
state = torch.get_rng_state()
a = torch.rand(2)
torch.set_rng_state(state)
print(torch.equal(a, torch.rand(2)), state.dtype, state.shape)
with torch.random.fork_rng():
    torch.manual_seed(0)
    print(torch.rand(1))
print(torch.rand(1), torch.initial_seed(), torch.random.initial_seed())
g = torch.Generator().manual_seed(2)
print(torch.rand(2, generator=g), torch.randperm(4, generator=g), g.initial_seed(), torch.randint(9, (3,), generator=g))
kept = g.get_state()
first = torch.randn(2, generator=g)
g.set_state(kept)
print(torch.equal(first, torch.randn(2, generator=g)), kept.dtype, len(kept), g.device)
torch.manual_seed(0)
w = torch.empty(3, 4)
for fill in (
    nn.init.xavier_uniform_,
    nn.init.xavier_normal_,
    nn.init.kaiming_uniform_,
    nn.init.kaiming_normal_,
    nn.init.uniform_,
    nn.init.normal_,
    nn.init.trunc_normal_,
    nn.init.ones_,
    nn.init.zeros_,
):
    print(fill.__name__, fill(w)[0])
print(nn.init.calculate_gain("relu"), nn.init.calculate_gain("tanh"), nn.init.constant_(w, 0.5).sum())
print(nn.init.eye_(torch.empty(2, 3)), nn.init.orthogonal_(torch.empty(2, 2)).abs())

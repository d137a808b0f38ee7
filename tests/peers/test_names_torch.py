"""What results print as: the names of gradient functions, and which graphs may be read twice, against PyTorch."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import glassnet

pytestmark = pytest.mark.peers

# One expression a line. In scope: x, x2 (4, 3), w (2, 3), b (2,), v (3,), t like x, lab (4,), im (2, 3, 8, 8) and
# seq (2, 3, 8), x3 (2, 4, 3), sq (3, 3).
EXPRESSIONS = """
x+1
x+x2
x-1
1-x
x*2
x*x2
x/2
1/x
x/x2
-x
x**2
x**0.5
2**x
x**x2
x@w.t()
w@v
v@v
x3@v
x3@w.t()
x3@x3.transpose(1,2)
x.mm(w.t())
torch.dot(v,v)
torch.outer(v,v)
torch.bmm(x3,x3.transpose(1,2))
torch.mv(x,v)
x.exp()
x.log()
x.log2()
x.log10()
x.log1p()
x.expm1()
x.exp2()
x.sqrt()
x.rsqrt()
x.reciprocal()
x.abs()
x.sign()
x.sin()
x.cos()
x.tan()
x.asin()
x.acos()
x.atan()
x.sinh()
x.cosh()
x.tanh()
x.sigmoid()
x.relu()
x.erf()
x.floor()
x.ceil()
x.round()
x.trunc()
x.square()
x.clamp(0,1)
x.clamp(min=0)
torch.clamp_min(x,0)
x.pow(3)
x.neg()
x.frac()
torch.atan2(x,x2)
torch.maximum(x,x2)
torch.minimum(x,x2)
torch.fmod(x,2)
x%2
torch.hypot(x,x2)
torch.lerp(x,x2,0.5)
torch.addcmul(x,x,x2)
torch.addcdiv(x,x,x2)
torch.addmm(b,x,w.t())
torch.xlogy(x,x2)
torch.logit(x)
torch.erfc(x)
torch.sinc(x)
torch.logaddexp(x,x2)
x.sum()
x.sum(0)
x.sum(1,keepdim=True)
x.mean()
x.mean(0)
x.var()
x.var(0)
x.std()
x.std(1)
x.prod()
x.prod(0)
x.max()
x.min()
x.max(0)[0]
x.min(1).values
x.amax(0)
x.amin()
x.median()
x.median(0)[0]
x.norm()
x.norm(dim=1)
x.norm(p=1)
torch.linalg.norm(x)
x.logsumexp(0)
torch.logsumexp(x,1)
x.cumsum(0)
x.cumprod(0)
x.softmax(1)
x.log_softmax(1)
torch.trace(sq)
x.sort()[0]
x.topk(2)[0]
torch.var_mean(x)[0]
torch.nansum(x)
x.cummax(0)[0]
x.kthvalue(1)[0]
torch.diff(x)
torch.cdist(x,x2)
torch.dist(x,x2)
x.view(-1)
x.reshape(-1)
x.t().reshape(-1)
x.flatten()
x.t()
x.T
x.transpose(0,1)
x.permute(1,0)
x.unsqueeze(0)
x.unsqueeze(0).squeeze()
x.unsqueeze(0).squeeze(0)
v.expand(2,3)
v.repeat(2)
x[0]
x[:,0]
x[0,0]
x[1:]
x[:,1:]
x[lab]
x[x>0.5]
x[None]
x[...,0]
x[0,1:]
x[:, [0,1]]
torch.cat([x,x2])
torch.stack([x,x2])
x.split(2)[0]
x.chunk(2)[0]
x.unbind(0)[0]
x.gather(1,lab.view(4,1))
x.index_select(0,lab)
x.masked_select(x>0.5)
x.masked_fill(x>0.5,0.)
torch.where(x>0.5,x,x2)
torch.where(x>0.5,x,0.)
x.clone()
x.contiguous()
x.t().contiguous()
x.double()
x.to(torch.float64)
x.flip(0)
x.roll(1,0)
x.tril()
x.triu()
v.diag()
sq.diag()
sq.diagonal()
x.expand_as(x3)
x.view_as(x)
x.narrow(0,0,2)
x.select(0,1)
torch.hstack([x,x2])
torch.vstack([x,x2])
x.scatter_add(1,lab.view(4,1),t)
x.repeat_interleave(2)
x.tile(2)
x.take(lab)
torch.einsum("ij,kj->ik",x,w)
torch.tensordot(x,w,([1],[1]))
x.unflatten(1,(3,1))
x.squeeze()
x3.flatten(1)
x3.mean((1,2))
x.movedim(0,1)
x.swapaxes(0,1)
x.nan_to_num()
x.type(torch.float64)
x.half()
torch.take_along_dim(x,lab.view(4,1),1)
x.index_add(0,lab,t)
torch.broadcast_to(v,(2,3))
x.ravel()
torch.atleast_2d(v)
torch.column_stack([v,v])
v[0]
v[-1]+1
x[0][1]
F.linear(x,w,b)
F.linear(x,w)
F.linear(x3,w,b)
F.linear(x3,w)
F.linear(v,w,b)
F.linear(v,w)
F.mse_loss(x,t)
F.mse_loss(x,t,reduction="sum")
F.mse_loss(x,t,reduction="none")
F.l1_loss(x,t)
F.l1_loss(x,t,reduction="none")
F.l1_loss(x,t,reduction="sum")
F.smooth_l1_loss(x,t)
F.huber_loss(x,t)
F.huber_loss(x,t,reduction="none")
F.binary_cross_entropy(x,t)
F.binary_cross_entropy(x,t,reduction="sum")
F.binary_cross_entropy(x,t,reduction="none")
F.binary_cross_entropy(x,t,weight=t)
F.binary_cross_entropy_with_logits(x,t)
F.binary_cross_entropy_with_logits(x,t,reduction="none")
F.binary_cross_entropy_with_logits(x,t,pos_weight=torch.ones(3)*2)
F.cross_entropy(x,lab)
F.cross_entropy(x,lab,reduction="sum")
F.cross_entropy(x,lab,reduction="none")
F.cross_entropy(x,lab,label_smoothing=0.1)
F.cross_entropy(x,lab,weight=torch.ones(3))
F.cross_entropy(x,lab,weight=torch.ones(3),label_smoothing=0.1)
F.cross_entropy(x,lab,label_smoothing=0.1,reduction="none")
F.cross_entropy(x,lab,label_smoothing=0.1,reduction="sum")
F.cross_entropy(x,t)
F.cross_entropy(x,t,reduction="sum")
F.cross_entropy(x,t,reduction="none")
F.cross_entropy(x,t,label_smoothing=0.1)
F.cross_entropy(v,torch.tensor(1))
F.cross_entropy(im,torch.zeros(2,8,8).long())
F.cross_entropy(seq,torch.zeros(2,8).long())
F.nll_loss(x.log_softmax(1),lab)
F.nll_loss(x,lab,reduction="none")
F.kl_div(x.log_softmax(1),t)
F.kl_div(x,t,reduction="batchmean")
F.kl_div(x,t,reduction="sum")
F.kl_div(x,t,log_target=True)
F.poisson_nll_loss(x,t)
F.poisson_nll_loss(x,t,log_input=False)
F.gaussian_nll_loss(x,t,t+1)
F.hinge_embedding_loss(x,t.round()*2-1)
F.margin_ranking_loss(x[:,0],x2[:,0],p1)
F.cosine_embedding_loss(x,x2,p1)
F.triplet_margin_loss(x,x2,t)
F.multi_margin_loss(x,lab)
F.soft_margin_loss(x,t)
F.multilabel_soft_margin_loss(x,t)
F.cosine_similarity(x,x2)
F.pairwise_distance(x,x2)
F.normalize(x)
F.relu(x)
F.leaky_relu(x)
F.elu(x)
F.selu(x)
F.celu(x)
F.gelu(x)
F.gelu(x,approximate="tanh")
F.silu(x)
F.mish(x)
F.softplus(x)
F.softsign(x)
F.tanhshrink(x)
F.hardtanh(x)
F.relu6(x)
F.hardsigmoid(x)
F.hardswish(x)
F.hardshrink(x)
F.softshrink(x)
F.logsigmoid(x)
F.softmin(x,dim=1)
F.softmax(x,dim=1)
F.log_softmax(x,dim=1)
F.threshold(x,0.1,0.)
F.glu(x3.transpose(1,2))
F.prelu(x,torch.tensor([0.2],requires_grad=True))
F.sigmoid(x)
F.tanh(x)
F.dropout(x,0.5,True)
F.dropout(x,0.5,False)
F.dropout(x,0.0,True)
F.alpha_dropout(x,0.5,True)
F.dropout2d(im,0.5,True)
F.batch_norm(x,None,None,training=True)
F.batch_norm(x,torch.zeros(3),torch.ones(3))
F.layer_norm(x,(3,))
F.group_norm(im,3)
F.rms_norm(x,(3,))
F.conv2d(im,torch.rand(2,3,3,3))
F.conv1d(seq,torch.rand(2,3,3))
F.max_pool2d(im,2)
F.avg_pool2d(im,2)
F.max_pool1d(seq,2)
F.avg_pool1d(seq,2)
F.adaptive_avg_pool2d(im,2)
F.pad(x,(1,1))
F.embedding(lab,sq)
F.embedding(lab,sq,padding_idx=0)
F.bilinear(x,x2,torch.rand(2,3,3))
torch.layer_norm(x,(3,))
nn.Linear(3,2)(x)
nn.Linear(3,2,bias=False)(x)
nn.Linear(3,2)(v)
nn.Linear(3,2)(x3)
nn.BatchNorm1d(3)(x)
nn.BatchNorm1d(3).eval()(x)
nn.BatchNorm2d(3)(im)
nn.LayerNorm(3)(x)
nn.Embedding(3,2)(lab)
nn.Dropout(0.5)(x)
nn.Flatten()(im)
nn.Flatten()(x)
nn.Conv2d(3,2,3)(im)
nn.Conv1d(3,2,3)(seq)
nn.MaxPool2d(2)(im)
nn.AvgPool2d(2)(im)
nn.Softmax(1)(x)
nn.LogSoftmax(1)(x)
nn.PReLU()(x)
nn.ReLU(inplace=True)(x*1)
nn.Sequential(nn.Linear(3,2),nn.ReLU())(x)
nn.GELU()(x)
nn.CrossEntropyLoss()(x,lab)
nn.NLLLoss()(x,lab)
nn.MSELoss()(x,t)
nn.BCELoss()(x,t)
nn.BCEWithLogitsLoss()(x,t)
nn.L1Loss()(x,t)
nn.SmoothL1Loss()(x,t)
nn.HuberLoss()(x,t)
nn.KLDivLoss(reduction="batchmean")(x,t)
nn.CosineSimilarity()(x,x2)
nn.Bilinear(3,3,2)(x,x2)
nn.Identity()(x)
nn.Unflatten(1,(3,1))(x)
nn.GroupNorm(3,3)(im)
nn.Softplus()(x)
(x*1).add_(1)
(x*1).mul_(2)
(x*1).relu_()
(x*1).clamp_(0,1)
(x*1).sub_(1)
(x*1).div_(2)
(x*1).exp_()
(x*1).sigmoid_()
torch.linalg.inv(sq)
torch.det(sq)
torch.linalg.solve(sq,v)
sum([x,x2])
x.mean()+x2.sum()*0.1
((x-t)**2).mean()
(x-t).pow(2).sum()
-(t*x.log()).sum()
x.sum()/4
x.detach()+x
0.5*x.sum()
torch.sqrt(x.sum())
(x@w.t()+b)
torch.linalg.vector_norm(x)
torch.square(x)
torch.exp(x)
x.abs().max()
"""


def scope(library, layers, functions):
    """The names that the expressions use."""
    library.manual_seed(0)
    shapes = {"x": (4, 3), "x2": (4, 3), "w": (2, 3), "b": (2,), "v": (3,), "x3": (2, 4, 3), "sq": (3, 3)}
    shapes |= {"im": (2, 3, 8, 8), "seq": (2, 3, 8)}
    names = {name: library.rand(shape, requires_grad=True) for name, shape in shapes.items()}
    constants = {"t": library.rand(4, 3), "lab": library.tensor([0, 2, 1, 1]), "p1": library.ones(4)}
    return names | constants | {"torch": library, "nn": layers, "F": functions}


OURS, THEIRS = scope(glassnet, glassnet.nn, glassnet.nn.functional), scope(torch, nn, F)


def maker(expression, names):
    y = eval(expression, dict(names))
    return y.grad_fn.name() if y.grad_fn is not None else None


def twice(expression, names):
    """Whether the graph of the result may be read twice."""
    y = eval(expression, dict(names))
    if not y.requires_grad:
        return None
    g = names["torch"].ones_like(y)
    y.backward(g)
    try:
        y.backward(g)
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize("expression", EXPRESSIONS.strip().splitlines())
@pytest.mark.parametrize("ask", [maker, twice])
def test_the_graph_is_pytorchs(expression, ask):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = ask(expression, THEIRS), ask(expression, OURS)
    assert theirs == ours

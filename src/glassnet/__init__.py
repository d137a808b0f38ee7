"""glassnet: neural networks under glass.

`import glassnet as torch` runs PyTorch code for multilayer perceptrons, and the same seed gives the same numbers.
"""

import math as _math

from glassnet import autograd, cuda, errors, nn, optim, utils
from glassnet.core import methods as _methods  # gives Tensor its methods
from glassnet.core.compiler import compile
from glassnet.core.dtypes import (
    DType as dtype,
)
from glassnet.core.dtypes import (
    Size,
    bool,
    double,
    finfo,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    iinfo,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
)
from glassnet.core.factories import (
    arange,
    as_tensor,
    bernoulli,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    logspace,
    meshgrid,
    multinomial,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from glassnet.core.functions import (
    add,
    addcdiv,
    addcmul,
    all,
    allclose,
    amax,
    amin,
    any,
    argmax,
    argmin,
    argsort,
    bincount,
    clamp,
    cumsum,
    div,
    dot,
    equal,
    exp2,
    isclose,
    lerp,
    log2,
    log10,
    log_softmax,
    logsumexp,
    masked_fill,
    matmul,
    max,
    mean,
    min,
    mul,
    nan_to_num,
    norm,
    outer,
    pow,
    prod,
    reciprocal,
    rsqrt,
    rsub,
    softmax,
    sort,
    std,
    sub,
    sum,
    tan,
    topk,
    trace,
    trunc,
    unique,
    var,
)
from glassnet.core.functions import matmul as bmm
from glassnet.core.functions import matmul as mm
from glassnet.core.functions import matmul as mv
from glassnet.core.layout import (
    broadcast_to,
    cat,
    chunk,
    diag,
    expand,
    flatten,
    flip,
    gather,
    index_select,
    masked_select,
    nonzero,
    permute,
    repeat,
    reshape,
    roll,
    scatter,
    scatter_add,
    split,
    squeeze,
    stack,
    t,
    take,
    transpose,
    tril,
    triu,
    unbind,
    unsqueeze,
    where,
)
from glassnet.core.methods import Device as device
from glassnet.core.mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from glassnet.core.ops import (
    abs,
    acos,
    asin,
    atan,
    atan2,
    ceil,
    cos,
    cosh,
    eq,
    erf,
    exp,
    expm1,
    floor,
    floor_divide,
    ge,
    gt,
    isfinite,
    isinf,
    isnan,
    le,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    maximum,
    minimum,
    ne,
    neg,
    relu,
    remainder,
    round,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    tanh,
)
from glassnet.core.printing import set_printoptions
from glassnet.core.random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from glassnet.core.tensor import Tensor
from glassnet.nn.functional import (
    batch_norm,
    bilinear,
    celu,
    conv1d,
    conv2d,
    cosine_similarity,
    dropout,
    embedding,
    layer_norm,
    pairwise_distance,
    prelu,
    selu,
)
from glassnet.serialization import load, save
from glassnet.version import __version__ as __version__

absolute, multiply, subtract, divide, true_divide, concat, clip = abs, mul, sub, div, div, cat, clamp
inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e
FloatTensor, DoubleTensor = Tensor, Tensor


def is_tensor(obj: object) -> _methods.Any:
    """Whether obj is a tensor."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> _methods.Any:
    """How many numbers a tensor holds."""
    return input.array.size

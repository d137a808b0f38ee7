"""glassnet: neural networks under glass.

`import glassnet as torch` runs PyTorch code for multilayer perceptrons, and the same seed gives the same numbers.
"""

import importlib as _importlib
import math as _math
import typing as _typing

from glassnet import amp, autograd, cuda, errors, func, linalg, nn, optim, random, special, utils
from glassnet import left_out as _left_out
from glassnet.amp import autocast
from glassnet.compat import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
    accelerator,
    backends,
    can_cast,
    get_default_device,
    get_num_threads,
    is_complex,
    is_floating_point,
    is_nonzero,
    promote_types,
    result_type,
    set_default_device,
    set_float32_matmul_precision,
    set_num_threads,
    use_deterministic_algorithms,
)
from glassnet.core import methods as _methods  # gives Tensor its methods
from glassnet.core.arranging import (
    argwhere,
    atleast_1d,
    atleast_2d,
    block_diag,
    broadcast_shapes,
    broadcast_tensors,
    cartesian_prod,
    column_stack,
    combinations,
    diag_embed,
    diagonal,
    dstack,
    fliplr,
    flipud,
    hstack,
    index_copy,
    index_fill,
    index_put,
    movedim,
    narrow,
    ravel,
    repeat_interleave,
    rot90,
    select,
    take_along_dim,
    tensor_split,
    tile,
    tril_indices,
    triu_indices,
    unflatten,
    unfold,
    vander,
    vstack,
)
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
from glassnet.core.elementwise import (
    acosh,
    asinh,
    atanh,
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    clamp_max,
    clamp_min,
    copysign,
    deg2rad,
    digamma,
    float_power,
    fmax,
    fmin,
    fmod,
    frac,
    gcd,
    heaviside,
    hypot,
    isneginf,
    isposinf,
    isreal,
    lcm,
    ldexp,
    logaddexp,
    logaddexp2,
    logit,
    mvlgamma,
    polygamma,
    positive,
    rad2deg,
    round,
    sgn,
    signbit,
    sinc,
    xlogy,
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
    poisson,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    scalar_tensor,
    tensor,
    zeros,
    zeros_like,
)
from glassnet.core.functions import (
    add,
    addcdiv,
    addcmul,
    allclose,
    bmm,
    clamp,
    div,
    dot,
    equal,
    exp2,
    isclose,
    lerp,
    log2,
    log10,
    masked_fill,
    matmul,
    mm,
    mul,
    mv,
    nan_to_num,
    outer,
    pow,
    reciprocal,
    rsqrt,
    rsub,
    sub,
    tan,
    trace,
    trunc,
)
from glassnet.core.inplace import index_add
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
    erfc,
    erfinv,
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
    lgamma,
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
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    tanh,
)
from glassnet.core.placing import (
    as_strided,
    atleast_3d,
    diagflat,
    diagonal_scatter,
    dsplit,
    hsplit,
    index_reduce,
    masked_scatter,
    scatter_reduce,
    select_scatter,
    slice_scatter,
    split_with_sizes,
    unravel_index,
    vsplit,
)
from glassnet.core.printing import set_printoptions
from glassnet.core.products import (
    addbmm,
    addmm,
    addmv,
    addr,
    baddbmm,
    cdist,
    chain_matmul,
    cross,
    dist,
    einsum,
    inner,
    kron,
    tensordot,
    vdot,
)
from glassnet.core.random import Generator
from glassnet.core.reductions import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    argsort,
    bincount,
    cumsum,
    log_softmax,
    logsumexp,
    max,
    mean,
    median,
    min,
    norm,
    prod,
    softmax,
    sort,
    std,
    sum,
    topk,
    unique,
    var,
)
from glassnet.core.statistics import (
    aminmax,
    bucketize,
    corrcoef,
    count_nonzero,
    cov,
    cummax,
    cummin,
    cumprod,
    diff,
    histc,
    isin,
    kthvalue,
    logcumsumexp,
    mode,
    msort,
    nanmean,
    nansum,
    quantile,
    searchsorted,
    std_mean,
    trapezoid,
    unique_consecutive,
    var_mean,
)
from glassnet.core.tensor import Tensor
from glassnet.core.tensor_methods import Device as device
from glassnet.core.tensor_methods import clone
from glassnet.func import vmap
from glassnet.nn.functional import (
    bilinear,
    celu,
    conv1d,
    conv2d,
    cosine_similarity,
    dropout,
    layer_norm,
    pairwise_distance,
    prelu,
    selu,
)
from glassnet.random import default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from glassnet.serialization import load, save
from glassnet.version import __version__ as __version__

if _typing.TYPE_CHECKING:
    from glassnet import distributions
    from glassnet.read.draw import draw
    from glassnet.read.explain import explain
    from glassnet.read.why import why

absolute, multiply, subtract, divide, true_divide, concat, concatenate, clip = abs, mul, sub, div, div, cat, cat, clamp
negative, fix, ger, row_stack, moveaxis, swapaxes, swapdims = neg, trunc, outer, vstack, movedim, transpose, transpose
arccos, arcsin, arctan, arctan2, arccosh, arcsinh, arctanh = acos, asin, atan, atan2, acosh, asinh, atanh
greater, greater_equal, less, less_equal, not_equal, det = gt, ge, lt, le, ne, linalg.det
inverse, pinverse, matrix_power = linalg.inv, linalg.pinv, linalg.matrix_power
logdet, slogdet, trapz = linalg.logdet, linalg.slogdet, trapezoid
inf, nan, pi, e, newaxis = _math.inf, _math.nan, _math.pi, _math.e, None
asarray, detach = as_tensor, Tensor.detach


_left_out.watch_imports()


def is_tensor(obj: object) -> _methods.Any:
    """Whether obj is a tensor."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> _methods.Any:
    """How many numbers a tensor holds."""
    return input.array.size


_LATE = {name: f"glassnet.read.{name}" for name in ("draw", "explain", "why")}
_ROOMS = ("distributions", "testing")


def __dir__() -> list[str]:
    """Every public name, those too that are looked up late."""
    return sorted({*globals(), *_LATE, *_ROOMS})


def __getattr__(name: str) -> _methods.Any:
    """Only for names that are not there: readers and rooms, which training need not load, are looked up; for those
    that PyTorch has, say what to use instead."""
    if name in _ROOMS:
        return _importlib.import_module(f"glassnet.{name}")
    if name not in _LATE:
        return _left_out.refuse(name)
    globals()[name] = found = getattr(_importlib.import_module(_LATE[name]), name)
    return found

"""Layers, losses and containers, by PyTorch's names."""

from typing import Any as _Any

from glassnet.errors import NotSupportedError as _NotSupportedError
from glassnet.nn import functional, init, parameter
from glassnet.nn.activation import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)
from glassnet.nn.containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from glassnet.nn.convolution import Conv1d, Conv2d
from glassnet.nn.dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d
from glassnet.nn.linear import Bilinear, Flatten, Identity, Linear, Unflatten
from glassnet.nn.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CosineEmbeddingLoss,
    CosineSimilarity,
    CrossEntropyLoss,
    GaussianNLLLoss,
    HingeEmbeddingLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MarginRankingLoss,
    MSELoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    NLLLoss,
    PairwiseDistance,
    PoissonNLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
    TripletMarginLoss,
)
from glassnet.nn.module import Module
from glassnet.nn.normalization import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, RMSNorm
from glassnet.nn.parameter import Parameter
from glassnet.nn.pooling import AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d
from glassnet.nn.sparse import Embedding

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "AdaptiveAvgPool2d", "AlphaDropout", "AvgPool1d", "AvgPool2d", "BCELoss",
    "BCEWithLogitsLoss", "BatchNorm1d", "BatchNorm2d", "Bilinear", "Conv1d", "Conv2d", "CosineEmbeddingLoss",
    "CosineSimilarity", "CrossEntropyLoss", "Dropout", "Dropout1d", "Dropout2d", "Embedding", "Flatten",
    "GaussianNLLLoss", "GroupNorm", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "HingeEmbeddingLoss",
    "HuberLoss", "Identity", "KLDivLoss", "L1Loss", "LayerNorm", "LeakyReLU", "Linear", "LogSigmoid", "LogSoftmax",
    "MSELoss", "MarginRankingLoss", "MaxPool1d", "MaxPool2d", "Mish", "Module", "ModuleDict", "ModuleList",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "PReLU", "PairwiseDistance", "Parameter",
    "ParameterDict", "ParameterList", "PoissonNLLLoss", "RMSNorm", "ReLU", "ReLU6", "Sequential", "SiLU", "Sigmoid",
    "SmoothL1Loss", "SoftMarginLoss", "Softmax", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh",
    "Tanhshrink", "Threshold", "TripletMarginLoss", "Unflatten", "functional", "init", "parameter",
]  # fmt: skip

_LEFT_OUT = {
    "RNN": "a Linear layer over a window of the sequence",
    "LSTM": "a Linear layer over a window of the sequence",
    "GRU": "a Linear layer over a window of the sequence",
    "Transformer": "Linear and LayerNorm layers",
    "TransformerEncoderLayer": "Linear and LayerNorm layers",
    "MultiheadAttention": "matmul and softmax in your own Module",
    "Conv3d": "Conv2d",
    "ConvTranspose2d": "Linear and Unflatten",
    "BatchNorm3d": "BatchNorm2d on x.flatten(3)",
    "InstanceNorm1d": "GroupNorm with one channel per group",
    "InstanceNorm2d": "GroupNorm with one channel per group",
    "SyncBatchNorm": "BatchNorm1d",
    "MaxPool3d": "MaxPool2d",
    "AdaptiveMaxPool2d": "MaxPool2d with a window of the right size",
    "AdaptiveAvgPool1d": "AdaptiveAvgPool2d on x.unsqueeze(2)",
    "EmbeddingBag": "Embedding and .mean(1)",
    "LazyLinear": "Linear with in_features written out",
    "LazyConv2d": "Conv2d with in_channels written out",
    "RReLU": "LeakyReLU",
    "CTCLoss": "CrossEntropyLoss on aligned labels",
    "MultiLabelMarginLoss": "MultiLabelSoftMarginLoss",
    "TripletMarginWithDistanceLoss": "TripletMarginLoss",
    "AdaptiveLogSoftmaxWithLoss": "CrossEntropyLoss",
    "Upsample": "x.repeat",
    "DataParallel": "the module itself",
}


def __getattr__(name: str) -> _Any:
    """Only for names that PyTorch has and glassnet leaves out: say what to use instead."""
    if name in _LEFT_OUT:
        raise _NotSupportedError(
            f"nn.{name}: got a layer that glassnet leaves out; expected one of glassnet.nn.__all__. "
            f"Try {_LEFT_OUT[name]}."
        )
    raise AttributeError(f"module 'glassnet.nn' has no attribute {name!r}")

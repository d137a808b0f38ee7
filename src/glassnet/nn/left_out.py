"""What PyTorch's `nn` has and glassnet leaves out, with what to use instead."""

from __future__ import annotations

from typing import NoReturn

from glassnet.errors import NotSupportedError, complain

LAYERS = {
    "a Linear layer over a window of the sequence": "RNN LSTM GRU RNNCell LSTMCell GRUCell RNNBase RNNCellBase",
    "Linear, LayerNorm and softmax in a Module of your own": (
        "Transformer TransformerEncoder TransformerEncoderLayer TransformerDecoder TransformerDecoderLayer "
        "MultiheadAttention"
    ),
    "the two-dimensional layer of the same family": (
        "Conv3d BatchNorm3d MaxPool3d AvgPool3d AdaptiveAvgPool3d AdaptiveMaxPool3d Dropout3d FractionalMaxPool3d "
        "MaxUnpool3d LPPool3d"
    ),
    "Linear and Unflatten, which can learn the same": (
        "ConvTranspose1d ConvTranspose2d ConvTranspose3d MaxUnpool1d MaxUnpool2d Fold Unfold PixelShuffle "
        "PixelUnshuffle ChannelShuffle"
    ),
    "GroupNorm with one channel per group": (
        "InstanceNorm1d InstanceNorm2d InstanceNorm3d LocalResponseNorm CrossMapLRN2d"
    ),
    "BatchNorm1d or BatchNorm2d": "SyncBatchNorm",
    "the layer without Lazy, its sizes written out": (
        "LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d "
        "LazyBatchNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d"
    ),
    "MaxPool2d or AvgPool2d with a window of the right size": (
        "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveAvgPool1d FractionalMaxPool2d LPPool1d LPPool2d"
    ),
    "functional.pad in forward": (
        "ZeroPad1d ZeroPad2d ZeroPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d "
        "ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d CircularPad1d CircularPad2d CircularPad3d"
    ),
    "tensor.repeat in forward": "Upsample UpsamplingNearest2d UpsamplingBilinear2d",
    "LeakyReLU": "RReLU",
    "Softmax(dim=1)": "Softmax2d",
    "AlphaDropout": "FeatureAlphaDropout",
    "CrossEntropyLoss": "AdaptiveLogSoftmaxWithLoss CTCLoss LinearCrossEntropyLoss",
    "NLLLoss, which takes (N, C, H, W) too": "NLLLoss2d",
    "MultiLabelSoftMarginLoss": "MultiLabelMarginLoss",
    "TripletMarginLoss": "TripletMarginWithDistanceLoss",
    "the module itself, on the CPU": "DataParallel",
    "ModuleList or ModuleDict": "Container",
}

FUNCTIONS = {
    "Linear and softmax in a Module of your own": "scaled_dot_product_attention multi_head_attention_forward",
    "the two-dimensional function of the same family": (
        "conv3d avg_pool3d max_pool3d adaptive_avg_pool3d adaptive_max_pool3d dropout3d lp_pool3d max_unpool3d "
        "fractional_max_pool3d"
    ),
    "linear and reshape": (
        "conv_transpose1d conv_transpose2d conv_transpose3d fold unfold pixel_shuffle pixel_unshuffle "
        "channel_shuffle max_unpool1d max_unpool2d conv_tbc"
    ),
    "group_norm with one channel per group": "instance_norm local_response_norm",
    "max_pool2d or avg_pool2d with a window of the right size": (
        "adaptive_max_pool1d adaptive_max_pool2d adaptive_avg_pool1d fractional_max_pool2d lp_pool1d lp_pool2d"
    ),
    "tensor.repeat": "interpolate upsample upsample_nearest upsample_bilinear grid_sample affine_grid",
    "the function without the last underscore and inplace=True": "elu_ selu_ celu_ leaky_relu_ hardtanh_ threshold_",
    "leaky_relu": "rrelu rrelu_",
    "alpha_dropout": "feature_alpha_dropout",
    "cross_entropy": "ctc_loss linear_cross_entropy",
    "multilabel_soft_margin_loss": "multilabel_margin_loss",
    "triplet_margin_loss": "triplet_margin_with_distance_loss",
    "pairwise_distance": "pdist",
}


def refuse(room: str, name: str, table: dict[str, str]) -> NoReturn:
    """Say what to use instead of a name that is left out; any other name simply is not there."""
    for instead, names in table.items():
        if name in names.split():
            got = f"{room}.{name}: got a name of PyTorch's that glassnet leaves out"
            raise NotSupportedError(complain(got, f"expected one of glassnet.{room}.__all__", f"Try {instead}"))
    raise AttributeError(f"module 'glassnet.{room}' has no attribute {name!r}")

"""glassnet: neural networks under glass.

`import glassnet as torch` runs PyTorch code for multilayer perceptrons, and the same seed gives the same numbers.
"""

from glassnet.core import functions as _functions
from glassnet.core import methods as _methods
from glassnet.core import ops as _ops
from glassnet.core.dtypes import (
    DType as dtype,
)
from glassnet.core.dtypes import (
    Size,
    bool,
    double,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
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
from glassnet.core.factories import *  # noqa: F403
from glassnet.core.tensor import Tensor, enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from glassnet.version import __version__ as __version__

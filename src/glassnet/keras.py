"""The Keras-style face: `from glassnet import keras`, or `from glassnet.keras.layers import Dense`."""

import sys as _sys
from types import ModuleType as _ModuleType

from glassnet.faces import keras as _face
from glassnet.faces.keras import *  # noqa: F403
from glassnet.faces.keras import __all__ as __all__

for _name in __all__:  # as `os` does with `os.path`: the same module under a second name
    if isinstance(_module := getattr(_face, _name), _ModuleType):
        _sys.modules[f"{__name__}.{_name}"] = _module

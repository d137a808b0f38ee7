"""Models by Keras's names, and their files: `Sequential`, `Model`, `load_model`, `clone_model`, `model_from_json`."""

from glassnet.faces.keras.functional import Functional
from glassnet.faces.keras.model import Model
from glassnet.faces.keras.saving import clone_model, load_model, model_from_json, save_model
from glassnet.faces.keras.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

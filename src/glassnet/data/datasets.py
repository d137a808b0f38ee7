"""Every data set by name: `load_dataset("spiral", n=500, noise=0.1)`, and `DATASETS`, the list of what there is.

Importing this module registers them all; none is made, unpacked or fetched before it is asked for.
"""

from glassnet.data import curves, gates, images, toys
from glassnet.data.images import fashion_mnist, mnist
from glassnet.data.registry import DATASETS, Arrays, DataSet, Recipe, dataset, fixed, load_dataset

__all__ = [
    "DATASETS",
    "Arrays",
    "DataSet",
    "Recipe",
    "curves",
    "dataset",
    "fashion_mnist",
    "fixed",
    "gates",
    "images",
    "load_dataset",
    "mnist",
    "toys",
]

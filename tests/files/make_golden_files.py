"""Makes the files in golden/ with the libraries that own the formats; needs PyTorch and safetensors.

python tests/files/make_golden_files.py
"""

from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden"


def main() -> None:
    import torch
    from safetensors.numpy import save_file

    GOLDEN.mkdir(exist_ok=True)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    torch.save(network.state_dict(), GOLDEN / "network.pt")
    grid = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    torch.save(
        {"model": {"turned": grid.T, "half": grid.bfloat16(), "tied": grid, "flag": torch.tensor(True)}, "epoch": 7},
        GOLDEN / "checkpoint.pt",
        pickle_protocol=4,
    )
    torch.save(network, GOLDEN / "whole_module.pt")
    torch.save({"a": torch.ones(2)}, GOLDEN / "old_form.pt", _use_new_zipfile_serialization=False)
    tensors = {
        "fc1.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "fc1.bias": np.array([0.5, -0.5]),
        "steps": np.array(7),
        "mask": np.array([True, False, True]),
        "half": np.array([1.5], np.float16),
        "éß 漢": np.zeros((0, 4), np.int8),
    }
    save_file(tensors, GOLDEN / "package.safetensors", metadata={"made by": 'the "package"\n'})


if __name__ == "__main__":
    main()

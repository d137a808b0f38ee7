"""The pages' programs for PyTorch: with PyTorch beside glassnet, and under PyTorch alone."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.peers

PATH = Path(__file__).resolve().parents[1] / "docs" / "pages_run.py"
spec = importlib.util.spec_from_file_location("pages_run", PATH)
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)


def test_weights_go_to_pytorch_and_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pages.run_page("using_a_model.md", peers=True)
    assert Path("fine-tuned.safetensors").exists()


def test_the_program_for_pytorch_prints_the_same_under_pytorch():
    page = "coming_from.md"
    data, program = [text for _, text in pages.blocks(page)][:2]
    assert "import glassnet as torch" in program
    theirs = program.replace("import glassnet as torch", "import torch")
    theirs = theirs.replace("import glassnet.nn as", "import torch.nn as").replace("glassnet.utils", "torch.utils")
    assert "glassnet" not in theirs
    namespace = {}
    pages.run_python(data, page, namespace)
    pages.check_printed(program, pages.run_python(theirs, page, namespace))

"""The only room that opens a user's files: bytes come in bounded and checked, and go out whole or not at all.

The modules, each of which uses only those above it:

    os_errors     an operating system's refusal, in words
    paths         names that may not lead out of their folder
    bounded       reading under a byte budget
    atomic        writing that is never half done
    compressed    gzip and xz streams under a budget
    archive       zip members under a budget
    strict_json   JSON without surprises
    nested        values inside each other, as JSON beside named arrays
    safetensors   tensors by name, with or without a checksum
    idx           arrays as MNIST ships them
    png, png_rows images
    torch_pt      PyTorch's state dicts, recognised by `opcodes` and never run
"""

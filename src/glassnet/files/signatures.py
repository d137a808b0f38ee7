"""What a file seems to be that is not what was asked for: known by its first bytes, or by being text."""

_KNOWN = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a zip archive",
    b"%PDF": "a PDF document",
    b"\x93NUMPY": "an array of NumPy",
    b"\x80\x04": "a pickle, which may hold code and is never opened",
    b"\x80\x05": "a pickle, which may hold code and is never opened",
}
_WRITTEN = frozenset(range(32, 127)) | {9, 10, 13}


def seems(first: bytes) -> str | None:
    """What a file with these first bytes is, in a few words; None if nothing is known.

    >>> seems(b"\\x89PNG\\r\\n\\x1a\\n"), seems(b"price,si"), seems(b"\\x00\\x01")
    ('a PNG image', "text ('price,si…')", None)
    """
    for signature, what in _KNOWN.items():
        if first.startswith(signature):
            return what
    if first and all(byte in _WRITTEN for byte in first):
        return f"text ({first.decode('ascii').splitlines()[0] + '…'!r})"
    return None

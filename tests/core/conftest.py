"""How every message about a mistake is judged."""

import re

import pytest

from glassnet.errors import DTypeError, GlassnetError, GradientError, ShapeError

FOR_PYTORCH = (ShapeError, DTypeError, GradientError)  # what code written for PyTorch catches as a RuntimeError


@pytest.fixture
def answered():
    """Check one row of a table of mistakes: the error, its three beats in order, and that what it suggests works."""

    def check(mistake, kind, beats, fix):
        with pytest.raises(GlassnetError) as caught:
            mistake()
        message = str(caught.value)
        assert isinstance(caught.value, kind)
        assert not issubclass(kind, FOR_PYTORCH) or isinstance(caught.value, RuntimeError)
        assert re.fullmatch(r"(?s).*\bgot\b.*; .*\bexpect(ed|s)\b.*\. Try .*[.…]", message), message
        at = 0
        for beat in beats:
            assert beat in message[at:], message
            at = message.index(beat, at)
        result = fix()
        assert result is not None
        assert result is not False

    return check

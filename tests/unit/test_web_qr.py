"""The page's QR codes are those that an independent maker draws."""

import json
import shutil
import subprocess

import pytest
import segno

from keystead import web

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs node: sh tools/test-needs.sh")

MOST = (17, 32, 53, 78, 106, 134, 154, 192, 230, 271)  # bytes by version, ISO/IEC 18004 table 7
LINK = "https://192.0.2.7:4444/#setup=9F4K-2TQ7-0XWZ-H3MB"
SHORT = ("", "A", LINK, "Zoë", "x" * 100)


@pytest.fixture(scope="module")
def drawn():
    """Give the modules of each text, as rows of digits."""
    texts = [*("t" * most for most in MOST), *SHORT]
    script = (
        "import(process.argv[1]).then(({ modules }) => console.log(JSON.stringify("
        "JSON.parse(process.argv[2]).map(modules))))"
    )
    module = (web.STATIC / "qr.js").as_uri()
    assert NODE is not None
    run = subprocess.run(
        [NODE, "--no-warnings", "-e", script, module, json.dumps(texts)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return dict(zip(texts, json.loads(run.stdout), strict=True))


def codes(text, version):
    """Give the codes of a text, one for each mask."""
    for mask in range(8):
        code = segno.make_qr(
            text.encode(),
            error="l",
            mode="byte",
            boost_error=False,
            version=version,
            mask=mask,
            encoding=None,
        )
        yield [[bool(module) for module in row] for row in code.matrix]


@pytest.mark.parametrize(("version", "most"), [*enumerate(MOST, 1)])
def test_a_full_code_of_each_version_is_right(drawn, version, most):
    assert drawn["t" * most] in list(codes("t" * most, version))


@pytest.mark.parametrize("text", SHORT)
def test_a_code_that_is_not_full_says_its_text(drawn, text):
    code = drawn[text]
    version = (len(code) - 17) // 4
    assert version == 1 + sum(len(text.encode()) > most for most in MOST)
    bits = "".join(map(str, message(code, version)))
    size = int(bits[4:12], 2)
    assert (bits[:4], size) == ("0100", len(text.encode()))
    read = bytes(int(bits[at : at + 8], 2) for at in range(12, 12 + 8 * size, 8))
    assert read.decode() == text


def message(code, version):
    """Read the modules of a code up to version 5 in their order, without the mask."""
    size, words = len(code), []
    drawn = list(codes("t" * MOST[version - 1], version))
    mask = next(n for n in range(8) if has_format(code, drawn[n]))
    for right in [*range(size - 1, 6, -2), 5, 3, 1]:
        upwards = (right + 1) & 2 == 0
        for y in reversed(range(size)) if upwards else range(size):
            words += [
                int(code[y][x] != MASKS[mask](y, x))
                for x in (right, right - 1)
                if not is_pattern(size, y, x)
            ]
    return words


def is_pattern(size, y, x):
    """Tell whether a module is there to find the code, or to say how it is read."""
    far = size - 8
    is_finder = (y < 9 and (x < 9 or x >= far)) or (y >= far and x < 9)
    is_aligned = size > 21 and abs(y - size + 7) <= 2 and abs(x - size + 7) <= 2
    return is_finder or is_aligned or 6 in {y, x}


MASKS = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)


def is_format(size, y, x):
    """Tell whether a module says how the others are to be read."""
    return (y == 8 and (x < 9 or x >= size - 8)) or (x == 8 and (y < 9 or y >= size - 8))


def has_format(code, other):
    size = len(code)
    return all(
        code[y][x] == other[y][x]
        for y in range(size)
        for x in range(size)
        if is_format(size, y, x)
    )

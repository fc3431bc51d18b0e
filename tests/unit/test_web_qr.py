"""The page's QR codes of tokens are those that an independent maker draws."""

import json
import shutil
import subprocess

import pytest
import segno

from keystead import web
from keystead.domain.model import TokenKind
from keystead.domain.tokens import new_secret
from tests.doubles import directory

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs node: sh tools/test-needs.sh")

SHOW = (
    "import(process.argv[1]).then(({ modules }) => console.log(JSON.stringify("
    "JSON.parse(process.argv[2]).map(modules))))"
)


def drawn(*texts):
    """Run the page's script, and give the modules of each text."""
    assert NODE is not None
    return subprocess.run(
        [NODE, "--no-warnings", "-e", SHOW, (web.STATIC / "qr.js").as_uri(), json.dumps(texts)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_code_of_a_token_is_right():
    box = directory()
    tokens = [new_secret(box, kind) for kind in (*TokenKind, *TokenKind, *TokenKind)]
    for token, code in zip(tokens, json.loads(drawn(*tokens).stdout), strict=True):
        expected = segno.make_qr(
            token, error="l", mode="byte", boost_error=False, version=3, mask=0
        )
        assert code == [[bool(module) for module in row] for row in expected.matrix]


@pytest.mark.parametrize("text", ["", "x" * 52, "x" * 54, "é" * 53])
def test_what_is_no_token_is_not_drawn(text):
    assert "RangeError" in drawn(text).stderr

"""Write the generated files anew, or with ``--check`` tell which are not fresh."""

import hashlib
import sys
from pathlib import Path

import msgspec

from keystead.nymea import grammar
from keystead.nymea.methods import catalogue
from keystead.store.sql import migrations
from tools import nymea_examples, python_client, requirements, tani_reference, typescript

ROOT = Path(__file__).parent.parent


def introspection() -> str:
    """Describe the JSON-RPC methods as ``JSONRPC.Introspect`` does."""
    described = grammar.describe(catalogue, self_service=False)
    return msgspec.json.format(msgspec.json.encode(described), indent=2).decode() + "\n"


def checksums() -> str:
    """List the checksums of the migrations: one that has been released never changes."""
    lines = [
        f"{hashlib.sha256(script.encode()).hexdigest()}  {number:04}.sql\n"
        for number, script in enumerate(migrations(), start=1)
    ]
    return "".join(lines)


GENERATED = {
    "docs/reference/api.d.ts": typescript.api,
    "docs/reference/tani.d.ts": typescript.functions,
    "docs/reference/introspection.json": introspection,
    "docs/reference/json-rpc-examples.md": nymea_examples.page,
    "docs/reference/tani.md": tani_reference.page,
    "docs/security/matrix.md": requirements.page,
    "src/keystead/client/api.py": python_client.api,
    "src/keystead/client/types.py": python_client.types,
    "src/keystead/data/requirements.json": requirements.document,
    "tests/golden/migrations.sha256": checksums,
}


def main(arguments: list[str]) -> int:
    """Write or check; exit code 1 when a file is not fresh."""
    stale = []
    for name, generate in GENERATED.items():
        path = ROOT / name
        text = generate()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for name in stale:
        print(f"not fresh: {name}" if "--check" in arguments else f"written: {name}")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Checks every crate that is built: a licence from the list, a registry we know, nothing that is banned."""
import json
import re
import subprocess
import sys

ALLOWED = {
    "MIT", "MIT-0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0",
    "Zlib", "Unicode-3.0", "Unlicense", "0BSD", "BSL-1.0", "CC0-1.0", "CDLA-Permissive-2.0",
}
BANNED = {"openssl": "TLS is rustls", "openssl-sys": "TLS is rustls", "native-tls": "TLS is rustls", "sqlx": "crates/db", "diesel": "crates/db"}


def allowed(expression: str) -> bool:
    """An SPDX expression: one of the alternatives of every part."""
    expression = expression.replace("/", " OR ")
    parts = [part.strip(" ()") for part in re.split(r"\s+AND\s+", expression)]
    return all(any(choice.strip(" ()") in ALLOWED for choice in re.split(r"\s+OR\s+", part)) for part in parts)


metadata = json.loads(subprocess.run(["cargo", "metadata", "--format-version", "1", "--locked"], text=True, capture_output=True, check=True).stdout)
wrong = []
for package in metadata["packages"]:
    name, licence, source = package["name"], package.get("license"), package.get("source")
    if source is not None and not source.startswith("registry+"):
        wrong.append(f"{name}: comes from {source.split('+')[0]}, not from a registry")
    if name in BANNED:
        wrong.append(f"{name}: banned, {BANNED[name]}")
    if not licence and not package.get("license_file"):
        wrong.append(f"{name}: no licence")
    elif licence and not allowed(licence):
        wrong.append(f"{name}: licence {licence} is not on the list")
print("\n".join(wrong) or f"{len(metadata['packages'])} crates, all licences on the list")
sys.exit(bool(wrong))

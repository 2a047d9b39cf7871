#!/usr/bin/env python3
"""Rules of the house that no compiler checks: sizes of files, headers of modules, arrows between crates, floors, and the parts of the web app."""
import os
import pathlib
import re
import subprocess
import sys

from circles import Crate, circles

MOST_LINES = 600
root = pathlib.Path(__file__).resolve().parent.parent
names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, text=True, capture_output=True, check=True)
files = [root / name for name in names.stdout.split("\n") if name and (root / name).is_file()]
wrong = []

for path in files:
    name = path.relative_to(root).as_posix()
    if path.suffix in {".rs", ".ts", ".svelte", ".mjs", ".css"} and not name.endswith("schema.d.ts"):
        text = path.read_text()
        lines = text.count("\n")
        if lines > MOST_LINES:
            wrong.append(f"{name}: {lines} lines, at most {MOST_LINES}: divide it by meaning")
        if path.suffix == ".rs" and not text.startswith("//!"):
            wrong.append(f"{name}: begins without //!, what it owns and what it must not know")

ALLOWED = {
    "parlor-db": set(),
    "parlor-chat": {"parlor-db"},
    "parlor-demo": {"parlor-db", "parlor-chat"},
    "parlor-realtime": {"parlor-chat"},
    "parlor-gateways": set(),
    "parlor": {"parlor-db", "parlor-chat", "parlor-demo", "parlor-realtime", "parlor-gateways"},
    "parlor-fuzz": {"parlor", "parlor-chat", "parlor-realtime"},
}
FORBIDDEN = {"parlor-db": ["axum", "serde_json"], "parlor-chat": ["tokio", "axum"], "parlor-demo": ["tokio", "axum"], "parlor-realtime": ["axum", "rusqlite", "postgres"], "parlor-gateways": ["tokio", "axum"]}
for manifest in (root / "crates").glob("*/Cargo.toml"):
    text = manifest.read_text()
    crate = re.search(r'name = "([^"]+)"', text)[1]
    section = re.search(r"\[dependencies\]\n(.*?)(\n\[|\Z)", text, re.S)[1]
    used = {line.split("=")[0].split(".")[0].strip() for line in section.splitlines() if line.strip() and line[0] not in "#["}
    for other in sorted(used & set(ALLOWED) - ALLOWED[crate]):
        wrong.append(f"{crate} must not depend on {other}: dependencies point down")
    for other in FORBIDDEN.get(crate, []):
        if other in used:
            wrong.append(f"{crate} must not know {other}")

# The folders of a crate as floors, lowest first: a file uses its own floor and lower ones.
# A crate without floors has no circle of files all the same.
FLOORS = {"chat": ["core", "resources", "log", "tenancy", "files", "people", "notifications", "conversations", "sync"]}
for crate in ["db", "chat", "server"]:
    floors = FLOORS.get(crate)
    modules = Crate(root / "crates" / crate / "src")
    used = modules.edges()
    for module in sorted(module for module in used if module and floors):
        if module[0] not in floors:
            wrong.append(f"crates/{crate}/src/{modules.file[module]}: stands on no floor; name its folder in scripts/tidy.py")
            continue
        for other in sorted(other for other in used[module] if other and other[0] in floors):
            if floors.index(other[0]) > floors.index(module[0]):
                names = (modules.file[module], modules.file[other], module[0], other[0])
                wrong.append("crates/{}/src/{}: uses {}, but the floor {} lies below {}".format(crate, *names))

# In these crates every file can be read after the files that it uses.
for crate in ["db", "chat", "demo", "realtime", "gateways", "server"]:
    modules = Crate(root / "crates" / crate / "src")
    for members in circles(modules.edges()):
        circle = " ".join(modules.file[member] for member in members)
        wrong.append(f"crates/{crate}/src: none of these can be read before the others: {circle}")

# What only a few places do: where it stands elsewhere, it goes round a parameter, a limit or an owner.
SERVER = "crates/server/src/"
ONLY_IN = [
    (r"\b(tokio::|runtime\.)spawn\(", [SERVER + "workers/", SERVER + "net/", SERVER + "transport/", SERVER + "serve.rs", SERVER + "services/purging.rs", "crates/db/src/postgres/connect.rs", "crates/fuzz/"],
     "background work is started in workers/, connections in net/ and transport/"),
    (r"\bgetrandom::|\bOsRng\b|\bUuid::new_v4\(", [SERVER + "clock.rs"], "randomness comes from Clock, so that a test decides it"),
    (r"\breqwest::(get|blocking)\b|\bClient::(new|builder)\(", [SERVER + "adapters/outbound.rs"], "requests to other servers go through adapters/outbound.rs"),
]
for path in files:
    name = path.relative_to(root).as_posix()
    if not re.match(r"crates/\w+/src/.*\.rs$", name) or name.endswith("_tests.rs"):
        continue
    text = path.read_text().split("#[cfg(test)]")[0]
    for pattern, places, why in ONLY_IN:
        if re.search(pattern, text) and not name.startswith(tuple(places)):
            wrong.append(f"{name}: has {re.search(pattern, text)[0]!r}, but {why}")

# The web app: who may take what from whom, within a folder also the floors of `core/`. Imports and the `@source` of stylesheets alike.
WEB = {
    "core": set(),
    "ui": {"core"},
    "thread": {"core", "ui"},
    "embed": set(),
    "inbox": {"core", "ui", "thread", "embed", "styles"},
    "quick": {"core", "ui", "thread", "embed", "styles"},
    "styles": set(),
}
CORE = ["api", "text", "store", "sync"]
web = root / "web" / "src"
taken = re.compile(r"""(?:\bfrom|\bimport|@import|@source)\s*\(?\s*['"]([^'"]+)['"]""")
for path in files:
    if web not in path.parents or path.suffix not in {".ts", ".svelte", ".css"} or path.name == "schema.d.ts":
        continue
    name = path.relative_to(root).as_posix()
    area = path.relative_to(web).parts[0]
    if area not in WEB:
        wrong.append(f"{name}: scripts/tidy.py does not know the folder web/src/{area}")
        continue
    for spec in taken.findall(path.read_text()):
        if area == "core" and re.match(r"svelte\b|\$(?!core/|locales/)", spec):
            wrong.append(f"{name} must not know {spec}: core has no framework")
        if area == "thread" and re.match(r"[A-Z]\w+\.ts$", path.name) and re.match(r"svelte\b|\$ui/", spec):
            wrong.append(f"{name} must not know {spec}: the controllers of a thread have no framework")
        if spec.startswith("."):
            target = pathlib.PurePath(os.path.normpath(path.parent / spec))
        elif re.match(r"\$(core|ui|thread)\b", spec):
            target = pathlib.PurePath(os.path.normpath(web / spec[1:]))
        else:
            continue
        parts = target.relative_to(web).parts if web in target.parents else ()
        if parts and parts[0] != area and parts[0] not in WEB[area]:
            wrong.append(f"{name} must not take {spec} from web/src/{parts[0]}/")
        if area == "core" and parts and parts[0] == "core" and len(parts) > 1 and parts[1] in CORE:
            if CORE.index(parts[1]) > CORE.index(path.relative_to(web).parts[1]):
                wrong.append(f"{name} must not take {spec}: the floors of core are {', '.join(CORE)}")

print("\n".join(wrong) or "tidy")
sys.exit(bool(wrong))

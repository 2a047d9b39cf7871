#!/usr/bin/env python3
"""Circles of modules: sets of files of a crate of which none can be read before the others.

    scripts/circles.py [--at-most N] [--edges] [crate ...]

Reads `use` lines and inline paths (`crate::…`, `super::…`, `self::…`, or beginning with an imported or declared module)
and follows re-exports to the file that holds the item. What only tests use does not count, and neither does a method called
on a value: it names no file. With `--at-most` it fails when a crate has more circles; `--edges` prints who uses whom."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOISE = re.compile(r"""//[^\n]*|/\*.*?\*/|b?r(\#*)".*?"\1|b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\\n]|\\.[^']*)'""", re.S)
TEST = re.compile(r"#\[cfg\([^\]]*\btest\b[^\]]*\)\]\s*(?:#\[[^\]]*\]\s*)*")
USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"(?<![\w:.])\w+(?:\s*::\s*\w+)+")


def without_tests(text):
    """The code without the items that only tests compile, and the names of the files that only tests compile."""
    files = set()
    while found := TEST.search(text):
        end = next((at for at in range(found.end(), len(text)) if text[at] in ";{"), len(text) - 1)
        if declared := re.match(r"(?:pub\S*\s+)?mod\s+(\w+)\s*;", text[found.end():end + 1]):
            files.add(declared[1])
        if text[end] == "{":
            depth = 1
            while depth and end + 1 < len(text):
                end += 1
                depth += {"{": 1, "}": -1}.get(text[end], 0)
        text = text[:found.start()] + text[end + 1:]
    return text, files


def without_inner_modules(text):
    """The code with what inline modules name by `super::` named from the file itself."""
    for found in reversed(list(re.finditer(r"\bmod\s+\w+\s*\{", text))):
        depth, end = 1, found.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        text = text[:found.end()] + text[found.end():end].replace("super::", "self::") + text[end:]
    return text


def branches(tree, base=()):
    """The paths of a `use` tree, each with the name under which it is imported."""
    tree = tree.strip()
    if grouped := re.fullmatch(r"(.*?)\{(.*)\}", tree, re.S):
        base += tuple(part.strip() for part in grouped[1].split("::") if part.strip())
        depth, start, inner = 0, 0, grouped[2] + ","
        for at, char in enumerate(inner):
            depth += {"{": 1, "}": -1}.get(char, 0)
            if char == "," and depth == 0:
                if inner[start:at].strip():
                    yield from branches(inner[start:at], base)
                start = at + 1
        return
    path, _, alias = (part.strip() for part in tree.partition(" as "))
    parts = base + tuple(part.strip() for part in path.split("::") if part.strip())
    if parts[-1] == "self":
        parts = parts[:-1]
    yield parts, alias or parts[-1]


class Crate:
    """The modules of a crate by path, each with its file, its code and the names that it imports."""

    def __init__(self, source):
        self.code, self.file, tests = {}, {}, set()
        for path in sorted(source.rglob("*.rs")):
            parts = path.relative_to(source).with_suffix("").parts
            module = parts[:-1] if parts[-1] in ("mod", "lib", "main") else parts
            if module == () and path.name == "main.rs" and (source / "lib.rs").exists():
                continue
            self.file[module] = path.relative_to(source).as_posix()
            code = NOISE.sub(lambda noise: " " if noise[0][0] == "/" else "''", path.read_text())
            code, only_tests = without_tests(code)
            self.code[module] = without_inner_modules(code)
            tests |= {module + (name,) for name in only_tests}
        for module in [m for m in self.code if any(m[:len(t)] == t for t in tests)]:
            del self.code[module]
        self.names, self.globs = {}, {}
        for module, code in self.code.items():
            pairs = [pair for use in USE.findall(code) for pair in branches(use)]
            self.names[module] = {name: parts for parts, name in pairs if name not in ("*", "_")}
            self.globs[module] = [parts[:-1] for parts, name in pairs if name == "*"]

    def owner(self, module, parts, seen=()):
        """The module that holds what the path names, seen from a module; None outside the crate or for a whole module."""
        if (module, parts) in seen or not parts:
            return None
        seen += ((module, parts),)
        head, rest = parts[0], parts[1:]
        if head == "crate":
            return self.inside((), rest, seen)
        if head == "self":
            return self.inside(module, rest, seen)
        if head == "super":
            return self.inside(module[:-1], rest, seen)
        if module + (head,) in self.code or head in self.names[module]:
            return self.inside(module, parts, seen)
        return None

    def inside(self, module, parts, seen):
        if not parts:
            return None
        head, rest = parts[0], parts[1:]
        if head == "super":
            return self.inside(module[:-1], rest, seen)
        if module + (head,) in self.code and (rest or head not in self.names[module]):
            return self.inside(module + (head,), rest, seen)
        if head in self.names[module] and self.names[module][head] != (head,):
            return self.owner(module, self.names[module][head] + rest, seen)
        for glob in self.globs[module]:
            if (held := self.owner(module, glob + (head,), seen)) and f" {head}" in self.code[held]:
                return held
        return module

    def edges(self):
        """Whom each module uses."""
        used = {}
        for module, code in self.code.items():
            paths = list(self.names[module].values())
            paths += [tuple(re.split(r"\s*::\s*", path)) for path in PATH.findall(USE.sub(";", code))]
            paths += [glob + ("*",) for glob in self.globs[module]]
            reexported = {name for use in re.findall(r"\bpub(?:\([^)]*\))?\s+use\s+([^;]+);", code) for _, name in branches(use)}
            paths = [p for p in paths if not (p[-1] in reexported and p in self.names[module].values())]
            used[module] = {owner for path in paths if (owner := self.owner(module, path)) is not None} - {module}
        return used


def circles(used):
    """Strongly connected sets of more than one module (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(used[node]):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            members = [stack.pop()]
            while members[-1] != node:
                members.append(stack.pop())
            if len(members) > 1:
                found.append(sorted(members))

    for node in sorted(used):
        if node not in index:
            visit(node)
    return found


def main(arguments):
    sys.setrecursionlimit(10_000)
    at_most = None
    if "--at-most" in arguments:
        at = arguments.index("--at-most")
        at_most = int(arguments[at + 1])
        del arguments[at:at + 2]
    show = "--edges" in arguments
    failed = False
    for name in [name for name in arguments if name != "--edges"] or ["db", "chat", "realtime", "server"]:
        crate = Crate(ROOT / "crates" / name / "src")
        used = crate.edges()
        found = circles(used)
        print(f"{name}: {len(crate.code)} files, {len(found)} circles, {sum(map(len, found))} files in them")
        for members in sorted(found, key=len, reverse=True):
            print(f"  {len(members)}: {' '.join(crate.file[member] for member in members)}")
        if show:
            for module, others in sorted(used.items()):
                print(f"    {crate.file[module]} -> {' '.join(crate.file[other] for other in sorted(others))}")
        failed |= at_most is not None and len(found) > at_most
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

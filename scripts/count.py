#!/usr/bin/env python3
"""Adds up what test runners say they ran: cargo test, vitest, Playwright, node:test, unittest. Prints "PASSED FAILED"."""
import re
import sys

text = re.sub(r"\x1b\[[0-9;]*m", "", sys.stdin.read())
passed = failed = 0
for line in text.splitlines():
    cargo = re.search(r"test result: \w+\. (\d+) passed; (\d+) failed", line)
    vitest = re.match(r"\s*Tests\s+(.*)\(\d+\)\s*$", line)
    playwright = re.match(r"\s*(\d+) (passed|failed|flaky)\b", line)
    node = re.match(r"[ℹ#] (pass|fail|cancelled) (\d+)$", line)
    ran = re.match(r"Ran (\d+) tests? in ", line)
    bad = re.match(r"FAILED \((.*)\)$", line)
    if cargo:
        passed += int(cargo[1])
        failed += int(cargo[2])
    elif vitest:
        passed += sum(map(int, re.findall(r"(\d+) passed", vitest[1])))
        failed += sum(map(int, re.findall(r"(\d+) failed", vitest[1])))
    elif node:
        if node[1] == "pass":
            passed += int(node[2])
        else:
            failed += int(node[2])
    elif ran:
        passed += int(ran[1])
    elif bad:
        broken = sum(map(int, re.findall(r"(?:failures|errors)=(\d+)", bad[1])))
        passed, failed = passed - broken, failed + broken
    elif playwright:
        if playwright[2] == "passed":
            passed += int(playwright[1])
        else:
            failed += int(playwright[1])
print(passed, failed)

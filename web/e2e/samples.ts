// Runs what the page of signing keys offers to copy, each sample in its own language; what it prints is the token. While one runs, this
// process goes on: one that stands still for a minute would not notice that the server has closed its idle connections meanwhile.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

type Run = (code: string, env: NodeJS.ProcessEnv) => Promise<string>;

/** By the names that the page gives them. */
export const RUNS: Record<string, Run> = {
  PHP: (code, env) => program('php', '-r')(code.replace('<?php', ''), env),
  'Node.js': program('node', '--input-type=module', '-e'),
  Python: program('python3', '-c'),
  Ruby: program('ruby', '-e'),
  Rust: rust,
};

function program(name: string, ...options: string[]): Run {
  return async (code, env) => (await execute(name, [...options, code], { env })).stdout;
}

/** The line that names the sample's crates is its manifest; it is built beside the server, with the same versions. */
async function rust(code: string, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'parlor-sample-'));
  const crates = /^\/\/ Cargo.toml: (.*)$/m.exec(code)![1]!.replace('}, ', '}\n');
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'Cargo.toml'), `[package]\nname = "sample"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n${crates}\n[profile.dev]\ndebug = "line-tables-only"\n[profile.dev.package."*"]\ndebug = false\nopt-level = 1\n`);
  copyFileSync(join(import.meta.dirname, '../../Cargo.lock'), join(folder, 'Cargo.lock'));
  writeFileSync(join(folder, 'src/main.rs'), code);
  const target = join(dirname(process.env.PARLOR_BIN!), '..');
  const { stdout } = await execute('cargo', ['run', '--quiet'], { cwd: folder, env: { ...env, CARGO_TARGET_DIR: target } });
  rmSync(folder, { recursive: true });
  return stdout;
}

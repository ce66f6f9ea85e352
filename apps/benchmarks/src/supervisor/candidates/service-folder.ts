import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringDebianPackage } from '@silly-face/testing';
import { commandLine, type Program } from '../program.ts';
import { type Candidate, spawned } from './candidate.ts';

/** Those who supervise a folder with an executable called `run`. */
const supervisors = { runit: 'runsv', s6: 's6-supervise' } as const;

/** Brings both as `bringDebianPackage` does: undefined when they are there, else why they are not. */
export function bringServiceFolders(): Promise<string | undefined> {
  return bringDebianPackage(Object.keys(supervisors), () => Object.values(supervisors).every(isThere));
}

function isThere(command: string): boolean {
  return spawnSync('which', [command]).status === 0;
}

export function serviceFolder(name: keyof typeof supervisors, program: Program): Candidate {
  const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
  const environment = Object.entries(program.env ?? {}).map(
    ([key, value]) => `export ${key}=${quoted(value)}`,
  );
  const lines = ['#!/bin/sh', ...environment, `exec ${commandLine(program).map(quoted).join(' ')}`, ''];
  writeFileSync(join(folder, 'run'), lines.join('\n'), { mode: 0o755 });
  const candidate = spawned(supervisors[name], [folder]);
  return {
    pid: candidate.pid,
    async stop() {
      await candidate.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

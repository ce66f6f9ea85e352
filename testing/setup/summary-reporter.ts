// Counts what passed, and tells of what was skipped, with its reason, and of what failed, with the beginning of what it said, in
// .summary/ at the root: scripts/test-summary.mjs prints the whole at the end of the run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

const directory = new URL('../../.summary/', import.meta.url);
const mostLines = 4;
const mostPlaces = 3;

interface Failure {
  readonly file?: string;
  /** The whole name of the test, or of the suite whose hook it was; none where it is the file's. */
  readonly test?: string;
  readonly said: string[];
}

export default class SummaryReporter implements Reporter {
  #root = '';

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
    const skipped = inState('skipped').map((test) => {
      const result = test.result();
      return {
        test: test.fullName,
        reason: (result.state === 'skipped' && result.note) || 'no reason given',
      };
    });
    const failed = [
      ...modules.flatMap((module) => this.#failuresIn(module)),
      ...unhandled.map((error) => ({ test: 'an unhandled error', said: this.#outline(error) })),
    ];
    const summary = { passed: inState('passed').length, failed, skipped };
    mkdirSync(directory, { recursive: true });
    const name = `${basename(this.#root)}-node${process.versions.node.split('.')[0]}.json`;
    writeFileSync(new URL(name, directory), JSON.stringify(summary, null, 2));
  }

  /** Of its tests, and of what runs around them: its hooks, or the file itself when it cannot be loaded. */
  #failuresIn(module: TestModule): Failure[] {
    const file = module.relativeModuleId;
    const of = (errors: readonly SerializedError[], test?: TestCase | TestSuite): Failure[] =>
      errors.length === 0
        ? []
        : [
            {
              file,
              ...(test && { test: test.fullName }),
              said: errors.flatMap((error) => this.#outline(error)),
            },
          ];
    return [
      ...of(module.errors()),
      ...[...module.children.allSuites()].flatMap((suite) => of(suite.errors(), suite)),
      ...[...module.children.allTests('failed')].flatMap((test) => of(test.result().errors ?? [], test)),
    ];
  }

  /** What an error says first, and where outside of node_modules it was made; the same of its causes. */
  #outline({ name, message, stack = '', cause }: SerializedError): string[] {
    const said = `${name ?? 'Error'}: ${message}`.split('\n').slice(0, mostLines);
    const places = stack
      .split('\n')
      .filter((line) => /^ +at .*:\d+:\d+\)?$/.test(line) && !/node_modules|node:/.test(line))
      .map((line) => `  ${line.trim().replace('file://', '').replace(`${this.#root}/`, '')}`);
    // It may be anything that was thrown.
    const because = cause?.message === undefined ? [] : this.#outline(cause);
    if (because.length > 0) because[0] = `caused by ${because[0]}`;
    return [...said, ...places.slice(0, mostPlaces), ...because];
  }
}

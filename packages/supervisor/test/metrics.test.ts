import { Supervisor, type ChildOptions } from '@silly-face/supervisor';
import { waitUntil } from '@silly-face/testing';
import { afterEach, expect, test } from 'vitest';
import { fixture } from './observe.ts';

let supervisor: Supervisor;
afterEach(() => supervisor.stop());

async function supervise(...children: ChildOptions[]): Promise<void> {
  supervisor = new Supervisor({ children });
  await supervisor.start();
}

test('the metrics are text that Prometheus reads, each family with its help and type, each series once', async () => {
  await supervise(
    { name: 'web', script: fixture('family.mjs') },
    { name: 'once', command: 'true', task: true },
  );
  const { families, samples } = parse(supervisor.metrics());
  expect(families.get('supervisor_child_restarts_total')).toBe('counter');
  expect(families.get('supervisor_child_up')).toBe('gauge');
  expect(samples.get('supervisor_child_up{child="web"}')).toBe(1);
  expect(samples.has('supervisor_child_up{child="once"}')).toBe(false);
  expect(samples.get('supervisor_child_state{child="once",state="completed"}')).toBe(1);
  expect(samples.get('supervisor_child_state{child="web",state="backing off"}')).toBe(0);
  expect(samples.get(`supervisor_info{version="0.0.0",node="${process.versions.node}"}`)).toBe(1);
  expect(samples.get('supervisor_resident_memory_bytes')).toBeGreaterThan(1e6);
  // It has only just come.
  await waitUntil(
    () => {
      const { samples: later } = parse(supervisor.metrics());
      const bytes = later.get('supervisor_child_resident_memory_bytes{child="web"}') ?? 0;
      return bytes > 1e6 && (later.get('supervisor_child_cpu_seconds_total{child="web"}') ?? 0) > 0;
    },
    { what: 'some memory and processor time' },
  );
  expect(samples.has('supervisor_child_resident_memory_bytes{child="once"}')).toBe(false);
});

test('restarts are counted by their reason', async () => {
  await supervise({ name: 'web', command: 'sleep', args: ['600'] });
  const [{ pid } = { pid: undefined }] = supervisor.status();
  process.kill(Number(pid), 'SIGKILL');
  const restarts = 'supervisor_child_restarts_total{child="web",reason="exit"}';
  await waitUntil(() => parse(supervisor.metrics()).samples.get(restarts) === 1, { what: 'the restart' });
  expect(supervisor.status()[0]).toMatchObject({
    restarts: 1,
    restartsByReason: { exit: 1, unhealthy: 0 },
    lastError: { code: 'CHILD_EXITED', signal: 'SIGKILL' },
  });
});

/** Reads the format, and throws at what its grammar has not: https://prometheus.io/docs/instrumenting/exposition_formats/ */
function parse(text: string): { families: Map<string, string>; samples: Map<string, number> } {
  const families = new Map<string, string>();
  const samples = new Map<string, number>();
  const blocks = text.split(/^(?=# HELP )/m);
  for (const block of blocks) {
    const [, name = '', typed, type = '', body = ''] = FAMILY.exec(block) ?? [];
    if (name === '' || typed !== name || families.has(name)) throw new Error(`no family: ${block}`);
    if (name.endsWith('_total') !== (type === 'counter')) throw new Error(`no name for a ${type}: ${name}`);
    families.set(name, type);
    for (const line of body.split('\n').slice(0, -1)) {
      const [, sample, labels = '', value] = SAMPLE.exec(line) ?? [];
      if (sample !== name || samples.has(name + labels)) throw new Error(`no sample of ${name}: ${line}`);
      samples.set(name + labels, Number(value));
    }
  }
  return { families, samples };
}

const FAMILY =
  /^# HELP ([a-zA-Z_:][\w:]*) (?:[^\\\n]|\\\\|\\n)+\n# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge)\n((?:.+\n)+)$/;
const SAMPLE =
  /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-z])|(?=\})))+\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/;

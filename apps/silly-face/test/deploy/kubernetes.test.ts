import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { type Container, containers, deployFile, type Manifest, manifests } from './files.ts';
import { complaintsAbout } from './validate-manifest.ts';

describe('the manifest is valid:', () => {
  it.each(manifests().map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))(
    '%s',
    (_, manifest) => expect(complaintsAbout(manifest)).toEqual([]),
  );
});

describe('a manifest is found broken by', () => {
  const broken: [string, (manifest: Manifest, container: Container) => unknown, RegExp][] = [
    ['a field that is missing', ({ spec }) => delete spec['selector'], /selector/],
    ['a field of another type', ({ spec }) => (spec['replicas'] = 'three'), /replicas/],
    ['a field that does not exist', ({ spec }) => (spec['replica'] = 3), /spec\.replica is not a field/],
    [
      'a misspelled field, deep inside',
      (_, container) => (container['livenessProb'] = {}),
      /livenessProb is not/,
    ],
    [
      'a word that is none of those allowed',
      (_, container) => (container['imagePullPolicy'] = 'Sometimes'),
      /imagePullPolicy/,
    ],
    [
      'a probe without a port',
      (_, container) => (container['readinessProbe'] = { httpGet: { path: '/' } }),
      /port/,
    ],
    ['a version that has no such kind', (manifest) => (manifest.apiVersion = 'v1'), /v1 has no StatefulSet/],
  ];
  it.each(broken)('%s', (_, breakIt, complaint) => {
    const manifest = backend();
    breakIt(manifest, backendContainer(manifest));
    expect(complaintsAbout(manifest).join('\n')).toMatch(complaint);
  });
});

test('services and budgets select the pods that there are', () => {
  const labels = manifests().flatMap(({ spec }) => spec.template?.metadata?.labels?.['app'] ?? []);
  const selected = manifests().flatMap(({ kind, spec }) => {
    const selector = spec['selector'] as Record<string, unknown> | undefined;
    return selector
      ? [{ kind, app: selector['app'] ?? (selector['matchLabels'] as { app: string }).app }]
      : [];
  });
  expect(selected.length).toBeGreaterThan(6);
  for (const { kind, app } of selected) expect(labels, kind).toContain(app);
  const services = manifests().flatMap(({ kind, metadata }) => (kind === 'Service' ? [metadata.name] : []));
  const sets = manifests().filter(({ kind }) => kind === 'StatefulSet');
  for (const { spec } of sets) expect(services).toContain(spec['serviceName']);
});

test('ports that are named by services and probes exist', () => {
  const named = JSON.stringify(manifests()).matchAll(/"(?:targetPort|port)":"([^"]+)"/g);
  const ports = containers().flatMap((container) =>
    ((container['ports'] ?? []) as { name: string }[]).map(({ name }) => name),
  );
  for (const [, name] of named) expect(ports).toContain(name);
});

test('passwords and keys are taken from the secret', () => {
  const secrets = containers().flatMap(({ env = [] }) => env.filter(({ name }) => isSecret(name)));
  expect(secrets.length).toBeGreaterThan(8);
  for (const { name, value, valueFrom } of secrets) {
    expect(value, name).toBeUndefined();
    expect(valueFrom?.secretKeyRef?.name, name).toBe('silly-face');
  }
});

test('migrations have an hour before a pod is taken for dead', () => {
  const probe = backendContainer(backend())['startupProbe'] as Record<string, number>;
  expect((probe['periodSeconds'] ?? 0) * (probe['failureThreshold'] ?? 0)).toBe(3600);
});

test('each process has a port for its metrics, and what the README tells Prometheus finds them', () => {
  const { env = [], ...container } = backendContainer(backend());
  const ports = container['ports'] as { name: string; containerPort: number }[];
  const first = Number(env.find(({ name }) => name === 'METRICS_PORT')?.value);
  expect(ports.filter(({ name }) => name.startsWith('metrics'))).toEqual([
    { name: 'metrics-1', containerPort: first },
    { name: 'metrics-2', containerPort: first + 1 },
  ]);
  const [, block = ''] = /```yaml\n([^]*?)```/.exec(deployFile('../README.md')) ?? [];
  const { scrape_configs: jobs } = parse(block) as {
    scrape_configs: { relabel_configs: { regex: string }[] }[];
  };
  const found = new RegExp(`^(?:${jobs[0]?.relabel_configs[0]?.regex})$`);
  const label = backend().spec.template?.metadata?.labels?.['app'];
  expect(ports.map(({ name }) => name).filter((name) => found.test(`${label};${name}`))).toEqual([
    'party-ws-1',
    'party-ws-2',
    'metrics-1',
    'metrics-2',
  ]);
});

function isSecret(name: string): boolean {
  return /PASSWORD|SECRET|ACCESS_KEY|TOKEN|AUTH$|^(DATABASE|REDIS|SMTP)_URL$/.test(name);
}

function backend(): Manifest {
  const found = manifests().find(
    ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'silly-face',
  );
  if (!found) throw new Error('There is no manifest of the backend');
  return found;
}

function backendContainer({ spec }: Manifest): Container {
  const [container] = spec.template?.spec.containers ?? [];
  if (!container) throw new Error('It has no container');
  return container;
}

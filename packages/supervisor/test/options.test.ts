import { Supervisor, SupervisorError } from '@silly-face/supervisor';
import { expect, test } from 'vitest';

const it = { name: 'it', command: 'true' };
const cases: [unknown, string][] = [
  [7, 'Expected `options` to be an object, got 7'],
  [{ child: [] }, 'Unknown option `child`, did you mean `children`?'],
  [{ children: {} }, 'Expected `children` to be an array, got an object'],
  [
    { children: [{ command: 'true' }] },
    'Expected `children[0].name` to be letters, digits, dots, dashes and underscores, got undefined',
  ],
  [
    { children: [{ ...it, name: 'a b' }] },
    "Expected `children[0].name` to be letters, digits, dots, dashes and underscores, got 'a b'",
  ],
  [
    { children: [{ ...it, healthCheckIntervalMs: -1 }] },
    'Expected `children[0].healthCheckIntervalMs` to be a positive number of milliseconds up to 2147483647, got -1',
  ],
  [
    { children: [{ ...it, healthCheckTimeoutMs: 1_000, startGraceMs: 0, readyTimeoutMs: 1_000 }] },
    'Child "it" has `healthCheckTimeoutMs`, `startGraceMs` but no `healthCheck`',
  ],
  [
    { children: [{ ...it, healthCheckIntervalMs: 1, unhealthyThreshold: 1 }] },
    'Child "it" has `healthCheckIntervalMs`, `unhealthyThreshold` but no `healthCheck`',
  ],
  [
    { children: [{ ...it, stopTimeoutMs: 2 ** 31 }] },
    'Expected `children[0].stopTimeoutMs` to be a positive number of milliseconds up to 2147483647, got 2147483648',
  ],
  [
    { children: [{ ...it, stopSignal: 'SIGNOPE' }] },
    "Expected `children[0].stopSignal` to be the name of a signal, got 'SIGNOPE'",
  ],
  [
    { children: [{ ...it, port: '80' }] },
    "Expected `children[0].port` to be a port from 0 to 65535, got '80'",
  ],
  [{ children: [{ ...it, port: 0 }] }, 'Expected the ports of child "it" to be from 1 to 65535, got 0'],
  [
    { children: [{ ...it, env: { A: 1 } }] },
    'Expected `children[0].env.A` to be a string without NUL, got a number',
  ],
  [
    { children: [{ ...it, restart: { jitter: 2 } }] },
    'Expected `children[0].restart.jitter` to be a number from 0 to 1, got 2',
  ],
  [{ children: [{ ...it, restart: { often: true } }] }, 'Unknown option `children[0].restart.often`'],
  [
    { children: [{ ...it, healthCheck: 'http' }] },
    "Expected `children[0].healthCheck` to be a function, a probe or an object with the `type` 'http', 'tcp' or 'line', got 'http'",
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'http', status: 99 } }] },
    'Expected `it.healthCheck.status` to be an HTTP status, got 99',
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'http', status: [500, 200] } }] },
    'Expected `it.healthCheck.status` to be an HTTP status or two, the lower one first, got an array',
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'http', path: 'health' } }] },
    "Expected `it.healthCheck.path` to be a path that begins with a slash, got 'health'",
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'line', greeting: { pattern: '(' } } }] },
    'Expected `it.healthCheck.greeting` to be a string, a RegExp, { pattern }, { json } or a function, got an object',
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'line', send: 'A\n' } }] },
    "Expected `it.healthCheck.send` to be a string without line ends or { json }, got 'A\n'",
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'line', send: 'A', steps: [] } }] },
    'Expected `it.healthCheck` to have either `send` and `expect` or `steps`',
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'line', steps: [{}] } }] },
    'Expected `it.healthCheck.steps[0]` to have `send` or `expect`',
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'line', greeting: false, send: 'A' } }] },
    'Expected `it.healthCheck` to expect something: a `greeting` or an answer',
  ],
  [
    { children: [{ ...it, healthCheck: { type: 'tcp', expect: 'A' } }] },
    'Unknown option `it.healthCheck.expect`',
  ],
  [
    { children: [{ ...it, heartbeatTimeoutMs: 5 }] },
    'Expected `children[0].heartbeatTimeoutMs` to be false or a number of milliseconds from 100 on, got 5',
  ],
  [
    { children: [{ ...it, heartbeatTimeoutMs: 500 }] },
    'Child "it" has no heartbeat: `heartbeatTimeoutMs` needs a `script` that is no task',
  ],
  [{ children: [{ name: 'it' }] }, 'Expected child "it" to have either `script` or `command`'],
  [
    { children: [{ ...it, readiness: 'message' }] },
    'Child "it" cannot send a message: `readiness: \'message\'` needs a `script`',
  ],
  [
    { children: [{ ...it, readiness: 'health-check' }] },
    'Child "it" has `readiness: \'health-check\'` but no `healthCheck`',
  ],
  [
    { children: [{ ...it, task: true, readiness: 'spawn' }] },
    'Child "it" is a task: it has neither `readiness` nor `healthCheck`',
  ],
  [
    { output: [{ type: 'syslog' }] },
    "Expected `output[0].type` to be 'console', 'file', 'logger' or 'function', got 'syslog'",
  ],
  [{ output: ['console'] }, "Expected `output[0]` to be an object, got 'console'"],
  [{ output: [{ type: 'file' }] }, 'Expected `output[0].path` to be a non-empty string, got undefined'],
  [{ output: [{ type: 'console', path: 'x' }] }, 'Unknown option `output[0].path`'],
  [
    { output: [{ type: 'file', path: 'x', maxBytes: '10M' }] },
    "Expected `output[0].maxBytes` to be a positive integer, got '10M'",
  ],
  [
    { children: [{ ...it, output: [{ type: 'file', path: 'x', format: 'xml' }] }] },
    "Expected `children[0].output[0].format` to be 'raw', 'tagged' or 'json', got 'xml'",
  ],
  [
    { output: [{ type: 'logger', logger: {} }] },
    'Expected `output[0].logger` to be a logger with the methods `info`, `warn` and `error`, got an object',
  ],
  [
    { output: [{ type: 'function', onLine() {}, whenFull: 'crash' }] },
    "Expected `output[0].whenFull` to be 'wait' or 'drop', got 'crash'",
  ],
  [
    { children: [{ ...it, spare: true }] },
    "Child \"it\" cannot have a `spare`: it needs a `script` with `sockets` or `listen`, and `readiness: 'listening'` or `'message'`",
  ],
  [
    {
      sockets: { api: { port: 0 } },
      children: [{ name: 'it', script: 'a', sockets: ['api'], spare: true, restart: false }],
    },
    'Child "it" has a `spare`, which `restart: false` never lets take over',
  ],
  [
    { children: [{ ...it, memoryLimitBytes: 0 }] },
    'Expected `children[0].memoryLimitBytes` to be a positive integer, got 0',
  ],
  [{ onChildExit: 'hook' }, "Expected `onChildExit` to be a function, got 'hook'"],
  [{ children: [it, it] }, 'Expected child names to be unique, got "it" twice'],
  [
    { children: [{ ...it, sockets: ['api'] }] },
    'Child "it" wants the socket "api", which `sockets` does not have',
  ],
  [{ children: [{ ...it, after: ['db'] }] }, 'Child "it" is to start after "db", which does not exist'],
  [
    {
      children: [
        { ...it, after: ['b'] },
        { ...it, name: 'b', after: ['it'] },
        { ...it, name: 'c' },
      ],
    },
    'Expected `after` to have no cycle, but these children wait for each other: "it", "b"',
  ],
  [{ sockets: { api: {} } }, 'Expected `sockets.api` to have either `port` or `path`'],
  [
    { sockets: { api: { path: '/x', host: 'y' } } },
    'Expected `sockets.api` to have no `host` beside its `path`',
  ],
  [
    { sockets: { api: { port: 81 }, web: { port: 81 } } },
    'Expected each socket to have a place of its own, got *:81 for "api" and "web"',
  ],
  [
    { sockets: { it: { port: 81 } }, children: [{ ...it, listen: { port: 82 } }] },
    'Expected socket names to be unique, got "it" twice',
  ],
  [
    {
      children: [
        { ...it, instances: 2, listen: { port: 81 } },
        { ...it, name: 'b', listen: { port: 82 } },
      ],
    },
    'Expected each socket to have a place of its own, got *:82 for "it-2" and "b"',
  ],
  [
    { children: [{ ...it, listen: { port: 65_535 }, instances: 2 }] },
    'Expected the ports of child "it" to be up to 65535, got 65535',
  ],
  [{ children: [{ ...it, listen: {} }] }, 'Expected `listen` of child "it" to have either `port` or `path`'],
  [
    { children: [{ ...it, port: 80, listen: { port: 81 } }] },
    'Child "it" has either `port` or `listen.port`',
  ],
  [
    { children: [{ ...it, reload: 'later' }] },
    "Expected `children[0].reload` to be 'overlap', 'stop-first' or 'none', got 'later'",
  ],
  [
    { children: [{ ...it, reload: 'overlap' }] },
    "Child \"it\" cannot have `reload: 'overlap'`: it needs held sockets, and `readiness: 'message'`, `'listening'` or `'notify'`",
  ],
  [{ children: [{ ...it, task: true, reload: 'none' }] }, 'Child "it" is a task: it has no `reload`'],
  [{ children: [it, { ...it, instances: 2 }] }, 'Expected child names to be unique, got "it" twice'],
  [
    { reloadSignals: ['HUP'] },
    "Expected `reloadSignals[0]` to be the name of a signal that a process can take, got 'HUP'",
  ],
  [{ reloadParallelism: 0 }, 'Expected `reloadParallelism` to be a positive integer, got 0'],
  [{ configure: {} }, 'Expected `configure` to be a function, got an object'],
  [
    { signals: ['TERM'] },
    "Expected `signals[0]` to be the name of a signal that a process can take, got 'TERM'",
  ],
  [
    { signals: ['SIGKILL'] },
    "Expected `signals[0]` to be the name of a signal that a process can take, got 'SIGKILL'",
  ],
  [
    { signals: ['SIGTERM', 'SIGHUP'], reloadSignals: ['SIGHUP'] },
    'Expected SIGHUP to be in `signals` or `reloadSignals`, got both',
  ],
  [
    { children: [{ ...it, env: { A: 'secret\0' } }] },
    'Expected `children[0].env.A` to be a string without NUL, got one with NUL',
  ],
  [
    { children: [{ ...it, env: { 'A=B': 'secret' } }] },
    "Expected `the name of a variable in children[0].env` to be a non-empty string without `=` and NUL, got 'A=B'",
  ],
  [
    { children: [{ ...it, args: ['\0'] }] },
    "Expected `children[0].args[0]` to be a string without NUL, got '\0'",
  ],
  [
    { children: [{ ...it, task: true, memoryLimitBytes: 1 }] },
    'Child "it" is a task: it has no `memoryLimitBytes`',
  ],
  [
    { children: [{ name: 'it', script: 'it.js', task: true, spare: true, listen: { port: 0 } }] },
    'Child "it" is a task: it has no `spare`',
  ],
];

test.each(cases)('%j is refused', (options, message) => {
  const construct = (): Supervisor => new Supervisor(options as object);
  expect(construct).toThrow(SupervisorError);
  expect(construct).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', message }));
});

test('a child that is added is checked as well', async () => {
  const supervisor = new Supervisor({ children: [it] });
  expect(() => supervisor.add({ ...it, name: 'x', port: -1 })).toThrow('Expected `child.port` to be a port');
  expect(() => supervisor.add({ ...it, name: 'x', after: ['it'] })).toThrow('Child "x" is added alone');
  expect(() => supervisor.add(it)).toThrow('Expected child names to be unique');
  await supervisor.stop();
  expect(() => supervisor.add({ ...it, name: 'x' })).toThrow(expect.objectContaining({ code: 'STOPPED' }));
});

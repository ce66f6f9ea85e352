// Loaded into every child that is a script, before the script: node --require.
//
// Node.js writes to pipes without waiting, so what is still queued when the process exits or crashes is lost. Blocking pipes
// lose nothing. A stream is only made when somebody asks for it, hence the detour.
const streams = { stdout: 1, stderr: 2 } as const;
const { fstatSync } = process.getBuiltinModule('node:fs');

// Workers and forked processes load this file as well. The pipes of the supervisor are always read; those that a fork has to its
// parent may not be, and must not stop it.
const inherited = process.env['SUPERVISOR_OUTPUT'];
const pipes = inherited?.split(' ') ?? Object.values(streams).map(identify);
if (inherited === undefined) process.env['SUPERVISOR_OUTPUT'] = pipes.join(' ');

for (const name of ['stdout', 'stderr'] as const) {
  const original = Object.getOwnPropertyDescriptor(process, name);
  if (!original?.get || !pipes.includes(identify(streams[name]))) continue;
  const open = original.get.bind(process);
  Object.defineProperty(process, name, {
    ...original,
    get() {
      const stream = open();
      // A worker's has no handle: what it writes goes through the main thread.
      stream._handle?.setBlocking?.(true);
      Object.defineProperty(process, name, original);
      return stream;
    },
  });
}

function identify(fd: number): string {
  try {
    // As bigints: realpathSync of Node.js 20, and with it the resolution of modules, stops at links once the numbers of the last
    // stat are those of a pipe.
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return 'closed';
  }
}

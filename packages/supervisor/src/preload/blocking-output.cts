// Loaded into every child that is a script, before the script: node --require.
//
// Node.js writes to pipes without waiting, so what is still queued when the process exits or crashes is lost. Blocking pipes
// lose nothing. A stream is only made when somebody asks for it, hence the detour.
for (const name of ['stdout', 'stderr'] as const) {
  const original = Object.getOwnPropertyDescriptor(process, name);
  if (!original?.get) continue;
  const open = original.get.bind(process);
  Object.defineProperty(process, name, {
    ...original,
    get() {
      const stream = open();
      stream._handle?.setBlocking?.(true);
      Object.defineProperty(process, name, original);
      return stream;
    },
  });
}

// Lets who is on another network in: a unix socket has no network. Arguments: its path, and the host and port behind it.
import { connect, createServer } from 'node:net';

const [path, host, port] = process.argv.slice(2);

createServer((outer) => {
  const inner = connect(Number(port), host);
  inner.pipe(outer).pipe(inner);
  // Each ends with the other.
  for (const [one, other] of [
    [inner, outer],
    [outer, inner],
  ]) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
}).listen(path);

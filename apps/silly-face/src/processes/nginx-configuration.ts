// Checks nginx's next configuration and puts it in the place of the last one; exits with 1, and changes nothing, when nginx does
// not take it. Runs before nginx starts, before each reload of it, and at each deploy. Arguments: nginx, its folder, and, for root,
// user and group that nginx runs as. Node.js itself stays root: that user may have no way to this file.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

const [program = '', folder = '', uid, gid] = process.argv.slice(2);
const next = join(folder, 'nginx.conf.next');

// nginx leaves a socket that it inherits as it is, and one of its processes would wait in accept() for a connection that another
// one has taken. Node.js makes what it opens non-blocking, for all who share it.
new Socket({ fd: 3, readable: false, writable: false }).unref();

const { status, error } = spawnSync(program, ['-t', '-q', '-e', 'stderr', '-c', next], {
  // With the socket, else it would bind it to see whether it can.
  stdio: ['ignore', 'inherit', 'inherit', 3],
  cwd: folder,
  ...(uid !== undefined && { uid: Number(uid), gid: Number(gid) }),
});
if (status === 0) {
  const checked = join(folder, `nginx.conf.${process.pid}`);
  // The folder belongs to that user: what we write as root goes through none of the links there may be, and can be read by them.
  rmSync(checked, { force: true });
  writeFileSync(checked, readFileSync(next), { flag: 'wx' });
  chmodSync(checked, 0o644);
  renameSync(checked, join(folder, 'nginx.conf'));
} else {
  console.error(`nginx does not take its configuration ${next}${error ? `: ${error.message}` : ''}`);
  process.exitCode = 1;
}

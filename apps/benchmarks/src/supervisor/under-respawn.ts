// A bare respawn loop: the least that a supervisor can be.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const app = fileURLToPath(new URL('app.js', import.meta.url));
let child: ChildProcess;
let stopping = false;

function respawn(): void {
  child = spawn(process.execPath, [app], { stdio: 'ignore' });
  child.on('exit', () => (stopping ? process.exit(0) : respawn()));
}
process.on('SIGTERM', () => {
  stopping = true;
  child.kill();
});
respawn();

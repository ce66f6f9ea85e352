// The backend with its two bots, for a person to watch: `npm run demo`. What the bots do is printed, a line a move; everything
// else that the processes print goes to files in the data folder.
import { type Backend, runBackend } from './backend.ts';
import { LogFiles } from './log-files.ts';

const cosbybot = 'Cosbybot';
const urkelbot = 'Urkelbot';

const end = (): boolean => process.kill(process.pid, 'SIGTERM');
// Nobody watches any more, as in `npm run demo | head`, or the terminal is closed: it ends as by Ctrl-C.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}).once('error', end);
process.on('SIGHUP', end);

await runBackend({
  environment: process.env,
  // A bot looks once a second: each request would be a line that nobody reads.
  apiEnvironment: { LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' },
  bots: [
    { name: cosbybot, opponent: urkelbot },
    { name: urkelbot, opponent: cosbybot },
  ],
  botScanIntervalMs: 1_000,
  prepared: show,
});

function show({ supervisor, url, data, services }: Backend): void {
  const files = new LogFiles(data.logs);
  const players = new Set([cosbybot, urkelbot].map((name) => name.toLowerCase()));
  supervisor.on('output', ({ child, stream, line }) => {
    if (players.has(child)) process[stream].write(`${line}\n`);
    else files.write(child, line);
  });
  supervisor.on('state', ({ child, from, to, reason }) => {
    // What fails in its start is told by the start.
    if (to === 'backing off' || (to === 'failed' && from !== 'starting'))
      console.error(`${child} is ${to}: ${reason}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => console.log('\nStopping: what has begun is finished first.'));
  }
  process.on('exit', (code) => {
    if (code === 0) console.log('Everything has stopped.');
  });
  console.log(`The Silly Face Society
  API            ${url}
  documentation  ${url}/docs
  health         ${url}/_health
  services       ${services.join('\n                 ')}
  logs           ${data.logs}
Ctrl-C stops all of it; the next start goes on where this one ended.
`);
}

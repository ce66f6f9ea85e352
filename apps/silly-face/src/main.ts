// The backend without bots: `silly-face start`, or `node dist/main.js`. What each process prints goes to our own output, tagged with
// its name. SIGHUP deploys what now stands in dist: migrations, then the processes, two at a time. The other commands find us
// at the control socket in the data folder. With `--nginx` there is nginx in front.
import { printOutput, type ReloadEvent } from '@silly-face/supervisor';
import { runBackend } from './backend.ts';

// Whoever reads what we print may go away (EPIPE): the backend stays.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

await runBackend({
  environment: process.env,
  controlSocket: true,
  nginx: process.argv.includes('--nginx'),
  prepared: ({ supervisor, services }) => {
    printOutput(supervisor);
    console.log(`Services: ${services.join('; ')}`);
    supervisor.on('reload', tellDeploy);
    // How it went is told by the event; one that never begins, because the end has, needs no word.
    process.on('SIGHUP', () => void supervisor.reload().catch(() => {}));
  },
  started: ({ url }) => console.log(`The API is at ${url}, its documentation at ${url}/docs`),
});

function tellDeploy({ error }: ReloadEvent): void {
  if (error) console.error(`Not deployed, what served before goes on: ${error.message}`);
  else console.log('Deployed');
}

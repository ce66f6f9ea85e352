// The backend without bots: `node dist/main.js`. What each process prints goes to our own output, tagged with its name. SIGHUP
// deploys what now stands in dist: migrations, then one API process after the other.
import { printOutput, type Supervisor } from '@silly-face/supervisor';
import { runBackend } from './backend.ts';

// Whoever reads what we print may go away (EPIPE): the backend stays.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

await runBackend({
  environment: process.env,
  prepared: ({ supervisor }) => {
    printOutput(supervisor);
    process.on('SIGHUP', () => void deploy(supervisor));
  },
  started: ({ url }) => console.log(`The API is at ${url}, its documentation at ${url}/docs`),
});

async function deploy(supervisor: Supervisor): Promise<void> {
  try {
    await supervisor.reload();
    console.log('Deployed');
  } catch (error) {
    console.error(
      `Not deployed, what served before goes on: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

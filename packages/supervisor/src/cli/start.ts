import { loadConfig } from '../config/load-config.ts';
import { SupervisorError } from '../errors.ts';
import type { ReloadEvent } from '../events.ts';
import type { SupervisorOptions } from '../options/options.ts';
import { printEvents } from '../output/print.ts';
import { Supervisor } from '../supervisor.ts';
import { UsageError, type Call } from './command.ts';
import { socketOf } from './find-socket.ts';

/** Runs a supervisor in this process. Resolves when every child is ready. */
export async function start({ words: [config = ''], options }: Call): Promise<void> {
  const { socket, 'no-socket': isClosed } = options;
  if (socket !== undefined && isClosed) throw new UsageError('Expected either --socket or --no-socket');
  // Whoever reads what we print may go away (EPIPE): the children stay.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const configured = await loadConfig(config);
  const controlSocket = typeof socket === 'string' ? socket : socketOf(config, configured);
  const supervisor = new Supervisor({
    ...defaults,
    ...configured,
    configure: async () => ({ ...defaults, ...(await loadConfig(config)) }),
    controlSocket: isClosed ? undefined : controlSocket,
  });
  printEvents(supervisor);
  supervisor.on('failed', ({ error }) => process.stderr.write(`supervisor | ${error.message}\n`));
  supervisor.on('reload', tellReload);
  try {
    await supervisor.start();
  } catch (error) {
    // Somebody has said so at the control socket.
    if (!(error instanceof SupervisorError) || error.code !== 'STOPPED') throw error;
  }
}

/** The configuration may say otherwise: containers and systemd know other signals to stop a service with. */
const defaults: SupervisorOptions = {
  signals: ['SIGINT', 'SIGTERM'],
  reloadSignals: ['SIGHUP'],
  output: [{ type: 'console' }],
};

function tellReload({ error }: ReloadEvent): void {
  const text = error ? `${error.message}\nsupervisor | not reloaded: what served before goes on` : 'reloaded';
  process.stderr.write(`supervisor | ${text}\n`);
}

import { dirname, join } from 'node:path';
import { loadConfig } from '../config/load-config.ts';
import type { SupervisorOptions } from '../options/options.ts';
import { UsageError, type Call } from './command.ts';

/** The control socket of the supervisor that a command is for. */
export async function findSocket({ options }: Call): Promise<string> {
  const { socket, config } = options;
  if (socket !== undefined && config !== undefined) {
    throw new UsageError('Expected either --socket or --config');
  }
  if (typeof socket === 'string') return socket;
  return typeof config === 'string' ? socketOf(config, await loadConfig(config)) : SOCKET_NAME;
}

/** Where a supervisor with this configuration listens when nobody says otherwise. */
export function socketOf(config: string, options: SupervisorOptions): string {
  return options.controlSocket ?? join(dirname(config), SOCKET_NAME);
}

const SOCKET_NAME = 'supervisor.sock';

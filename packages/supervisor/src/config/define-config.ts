import type { SupervisorOptions } from '../options/options.ts';

/** The options as they are: for a configuration file in which an editor knows and checks them. */
export function defineConfig(options: SupervisorOptions): SupervisorOptions {
  return options;
}

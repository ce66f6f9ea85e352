import { Supervisor, type SupervisorOptions } from '@silly-face/supervisor';
import { observe, type Observed } from './observe.ts';

export interface TaskOutput {
  readonly observed: Observed;
  readonly lines: (stream: string) => string[];
}

/** Runs a shell script to its end under a supervisor with these sinks. */
export async function runTask(
  script: string,
  output: SupervisorOptions['output'] = [],
  name = 'task',
): Promise<TaskOutput> {
  const supervisor = new Supervisor({
    output,
    children: [{ name, command: 'sh', args: ['-c', script], task: true }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await supervisor.stop();
  return {
    observed,
    lines: (stream) => observed.output.filter((event) => event.stream === stream).map(({ line }) => line),
  };
}

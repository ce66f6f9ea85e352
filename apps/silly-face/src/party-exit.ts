import { openDirectory } from './directory/open-directory.ts';
import { hostId } from './host-id.ts';
import { partyProcessId, type ProcessRun } from './party/process-id.ts';

export type ExitedProcess = Omit<ProcessRun, 'hostId'>;

/** The lease of the process is over soon anyway: it is not worth a long wait. */
const ANSWER_MS = 2000;

/**
 * Tells the directory that a party process has ended, so that nobody waits for the end of its lease. Ends within twice its
 * limit, whatever the store does.
 *
 * @throws DirectoryError `directory-unavailable`
 */
export async function expelExited(
  env: Readonly<Record<string, string | undefined>>,
  exited: ExitedProcess,
  { answerMs = ANSWER_MS }: { answerMs?: number } = {},
): Promise<void> {
  const directory = openDirectory(env, { answerMs });
  try {
    await directory.expel(partyProcessId({ ...exited, hostId: hostId(env) }));
  } finally {
    await directory.disconnect();
  }
}

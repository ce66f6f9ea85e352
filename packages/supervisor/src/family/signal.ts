/** Each child leads a group of its own: Ctrl-C in the terminal reaches the supervisor alone. Windows has no such groups. */
export const hasProcessGroups = process.platform !== 'win32';

/** Signals a child and everything it started and kept in its group. False when nobody is left there. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  return signalProcess(hasProcessGroups ? -leader : leader, signal);
}

/** Asks a group to end, also one that was stopped, which would hear of it only when somebody lets it go on. */
export function endGroup(leader: number, signal: NodeJS.Signals): void {
  if (signalGroup(leader, signal) && hasProcessGroups) signalGroup(leader, 'SIGCONT');
}

/** False when there is no such process, or group of processes. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM: what is left belongs to somebody else (or, on macOS, is a zombie): nothing that we could still end.
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/** Whosever it is. */
export function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Ends under way in this process: each server may have handlers of its own, and the first to exit would cut the others' requests. */
let underWay = 0;
let sharedCode = 0;

/** Begins one. The returned function ends it, and tells the exit code of all when none is left, else nothing. */
export function beginEnd(): (code: number) => number | undefined {
  underWay += 1;
  return (code) => {
    underWay -= 1;
    // Not 0 when one of them was not: a crash, or a second signal, reaches them all.
    sharedCode = code || sharedCode;
    return underWay === 0 ? sharedCode : undefined;
  };
}

/**
 * process.exit(), also when a listener of process 'exit' throws: Node stays then, and nobody would ask it again to go.
 * The second time it asks no listener.
 */
export function leave(code: number, tell: (error: unknown) => void): void {
  try {
    process.exit(code);
  } catch (error) {
    tell(error);
    process.exit(code || 1);
  }
}

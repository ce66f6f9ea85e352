/**
 * process.exit(), also when a listener of process 'exit' throws: Node stays then, and nobody would ask it again to go.
 * The second time it asks no listener.
 */
export function leave(code: number, onError: (error: unknown) => void): void {
  try {
    process.exit(code);
  } catch (error) {
    onError(error);
    process.exit(code || 1);
  }
}

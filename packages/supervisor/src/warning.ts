/** For what goes wrong and concerns nobody who waits for an outcome. */
export function warn(code: `SUPERVISOR_${string}`, message: string): void {
  process.emitWarning(message, { type: 'SupervisorWarning', code });
}

/** What pg knows of the named statements that a connection has parsed. */
interface NamedStatements {
  readonly parsedStatements: Record<string, string>;
}

/**
 * pg parses a named statement once for each connection, and does not notice when the server drops it: the next execution would
 * fail with "prepared statement does not exist". Both commands leave none.
 *
 * @param command as the server has named what it has done
 */
export function forgetDropped(command: string, { parsedStatements }: NamedStatements): void {
  if (command !== 'DISCARD ALL' && command !== 'DEALLOCATE ALL') return;
  for (const name of Object.keys(parsedStatements)) delete parsedStatements[name];
}

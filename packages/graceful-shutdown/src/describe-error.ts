import { inspect } from 'node:util';

const MOST_CAUSES = 10;

/**
 * Renders whatever was thrown: stack, own fields such as `code`, the chain of causes and the members of an AggregateError.
 * Own fields are shown one level deep: errors of HTTP clients hold whole sockets. Never throws: a getter or a proxy may do so.
 */
export function describeError(thrown: unknown): string {
  try {
    return describe(thrown, new Set()).join('\n');
  } catch {
    return describeBarely(thrown);
  }
}

function describeBarely(thrown: unknown): string {
  try {
    return inspect(thrown, { depth: 0, customInspect: false, showProxy: true });
  } catch {
    return `${typeof thrown} that cannot be shown: its own getters throw`;
  }
}

function describe(thrown: unknown, seen: Set<unknown>): string[] {
  if (!isError(thrown)) return [`${inspect(thrown, { depth: 2 })} (thrown, but not an Error)`];
  const title = `${thrown.name}: ${thrown.message}`;
  if (seen.has(thrown)) return [`${title} (already shown)`];
  if (seen.size >= MOST_CAUSES) return ['(further causes left out)'];
  seen.add(thrown);
  const lines = [thrown.stack ?? title];
  const fields = ownFields(thrown);
  if (fields !== undefined) lines.push(`  ${fields}`);
  if (thrown instanceof AggregateError) {
    for (const member of thrown.errors) {
      const isFull = seen.size >= MOST_CAUSES;
      lines.push(`one of: ${describe(member, seen).join('\n')}`);
      if (isFull) break;
    }
  }
  if (thrown.cause !== undefined) lines.push(`caused by: ${describe(thrown.cause, seen).join('\n')}`);
  return lines;
}

/** Also true for errors of another realm, as `vm` and some test runners make them. */
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function ownFields(error: Error): string | undefined {
  const {
    cause: _cause,
    stack: _stack,
    message: _message,
    ...fields
  } = error as Error & Record<string, unknown>;
  return Object.keys(fields).length === 0 ? undefined : inspect(fields, { depth: 0, breakLength: Infinity });
}

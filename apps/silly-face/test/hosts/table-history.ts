import { type PartyMessage, waitUntil } from '@silly-face/testing';
import type { Table } from './table.ts';

/** Each of the tables plays on. */
export async function progress(tables: readonly Table[], moves = 5): Promise<void> {
  const wanted = tables.map((table) => table.moves + moves);
  const isThere = (table: Table, index: number): boolean => table.moves >= (wanted[index] ?? 0);
  await waitUntil(() => tables.every(isThere), {
    what: `${moves} moves at each of ${tables.length} tables`,
    timeoutMs: 60_000,
  });
}

/** What is wrong with what the members of a table were told; empty when each move happened once, and to all of them alike. */
export function wrongs({ room, told, acknowledged }: Table): string[] {
  const histories = told.map((events) => events.filter(isMove));
  const [first = []] = histories;
  const ids = first.map(({ id }) => id);
  return [
    ...told.filter((events) => !rises(events)).map(() => `${room}: numbers do not rise`),
    ...histories
      .filter((each) => text(each) !== text(first))
      .map((each) => `${room}: ${differ(first, each)}`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${room}: ${id} happened twice`),
    ...acknowledged.filter((id) => !ids.includes(id)).map((id) => `${room}: ${id} was lost`),
  ];
}

/** What this one was told of moves, and nobody else. */
export function onlyToldTo(heard: readonly PartyMessage[], { told: [first = []] }: Table): PartyMessage[] {
  const known = new Set(first.map((event) => JSON.stringify(event)));
  return heard.filter((message) => isMove(message) && !known.has(JSON.stringify(message)));
}

function isMove({ cmd }: PartyMessage): boolean {
  return cmd === 'SHOWN' || cmd === 'GUESSED';
}

function rises(events: readonly PartyMessage[]): boolean {
  return events.every(({ seq = 0 }, index) => index === 0 || seq > (events[index - 1]?.seq ?? 0));
}

function differ(one: readonly PartyMessage[], other: readonly PartyMessage[]): string {
  const at = one.findIndex((event, index) => text([event]) !== text(other.slice(index, index + 1)));
  return `members were told differently: ${text(one.slice(at, at + 1))}, ${text(other.slice(at, at + 1))}`;
}

function text(events: readonly PartyMessage[]): string {
  return JSON.stringify(events);
}

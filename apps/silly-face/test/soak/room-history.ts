import type { PartyMessage } from '@silly-face/testing';

/** What became of a command, as its sender was told. */
export type Verdict = 'applied' | 'refused' | 'unanswered';

export interface Heard {
  readonly event: PartyMessage;
  /** By so many members. */
  count: number;
}

/** All that the members of one room heard and were answered, to be held against each other. */
export class RoomHistory {
  readonly room: string;
  readonly events = new Map<number, Heard>();
  /** What must never be, as it was met. */
  readonly complaints: string[] = [];
  /** Commands that were answered. */
  answers = 0;
  readonly #lastSeqs = new Map<string, number>();
  readonly #verdicts = new Map<string, Verdict>();
  #beginSeq = 0;

  constructor(room: string) {
    this.room = room;
  }

  /** From here on each member has to hear everything. */
  begin(seq: number): void {
    this.#beginSeq = seq;
  }

  hear(member: string, event: PartyMessage): void {
    const { seq = 0 } = event;
    const last = this.#lastSeqs.get(member) ?? 0;
    if (seq <= last) this.#complain(`${member} heard ${seq} after ${last}`);
    this.#lastSeqs.set(member, seq);
    const heard = this.events.get(seq);
    if (!heard) this.events.set(seq, { event, count: 1 });
    else if (isSame(heard.event, event)) heard.count += 1;
    else
      this.#complain(`${seq} was ${JSON.stringify(heard.event)}, and to ${member} ${JSON.stringify(event)}`);
  }

  sent(id: string): void {
    this.#verdicts.set(id, 'unanswered');
  }

  answered(id: string, { cmd, code }: PartyMessage): void {
    if (this.#verdicts.get(id) !== 'unanswered') this.#complain(`${id} was answered twice`);
    this.answers += 1;
    this.#verdicts.set(id, cmd === 'ERROR' && code !== 'already-applied' ? 'refused' : 'applied');
  }

  /**
   * How the room was not one and the same for all; empty when it was. `lost`: the numbers of events that a crash took along. Not
   * everybody has heard of those, and whose answer was among them has sent the command again.
   */
  differences(members: number, lost: ReadonlySet<number> = NONE): string[] {
    const [kept, gone] = [this.#all(false, lost), this.#all(true, lost)];
    const events = kept.map(({ event }) => event);
    return [
      ...this.complaints,
      ...kept.flatMap(({ event, count }) =>
        count === members ? [] : `${count} of ${members} heard ${JSON.stringify(event)}`,
      ),
      ...this.#commandDifferences(events, new Set(gone.map(({ event }) => event.id))),
      ...gameDifferences(events),
    ].map((difference) => `${this.room}: ${difference}`);
  }

  /** Each command that was applied made one event, each other one none; a member's are in the order in which they were sent. */
  #commandDifferences(events: PartyMessage[], lost: ReadonlySet<string | undefined>): string[] {
    const found: string[] = [];
    const made = new Map<string, number>();
    const lastChats = new Map<string, number>();
    for (const { id, by = '', cmd } of events) {
      if (id === undefined) continue;
      made.set(id, (made.get(id) ?? 0) + 1);
      if (cmd !== 'CHAT') continue;
      const number = Number(id.slice(id.lastIndexOf('-') + 1));
      if (number <= (lastChats.get(by) ?? 0)) found.push(`${id} came after ${lastChats.get(by)}`);
      lastChats.set(by, number);
    }
    for (const [id, verdict] of this.#verdicts) {
      const times = made.get(id) ?? 0;
      const isRight = times === (verdict === 'applied' ? 1 : 0) || (times === 0 && lost.has(id));
      if (!isRight) found.push(`${id} was ${verdict}, and is there ${times} times`);
    }
    return found;
  }

  #all(isLost: boolean, lost: ReadonlySet<number>): Heard[] {
    return [...this.events]
      .filter(([seq]) => seq > this.#beginSeq && lost.has(seq) === isLost)
      .toSorted(([one], [other]) => one - other)
      .map(([, heard]) => heard);
  }

  #complain(complaint: string): void {
    // What is wrong once is wrong a thousand times.
    if (this.complaints.length < 10) this.complaints.push(complaint);
  }
}

const NONE: ReadonlySet<number> = new Set();

function isSame(one: PartyMessage, other: PartyMessage): boolean {
  return one.cmd === other.cmd && one.id === other.id && one.by === other.by && one['text'] === other['text'];
}

/** In each turn at most one face is shown and at most one guess is right, and turns come one after the other. */
function gameDifferences(events: PartyMessage[]): string[] {
  const found: string[] = [];
  let turn: number | undefined;
  let isShown = false;
  for (const event of events) {
    const isRight = event.cmd === 'GUESSED' && event['right'] === true;
    if (event.cmd === 'SHOWN') {
      if (isShown || (turn !== undefined && event['turn'] !== turn))
        found.push(`turn ${turn}: ${JSON.stringify(event)}`);
      turn = Number(event['turn']);
      isShown = true;
    } else if (isRight || event.cmd === 'TURN') {
      if (turn !== undefined && event['turn'] !== turn + 1)
        found.push(`turn ${turn}: ${JSON.stringify(event)}`);
      turn = Number(event['turn']);
      isShown = false;
    }
  }
  return found;
}

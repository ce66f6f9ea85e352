import { setTimeout as sleep } from 'node:timers/promises';
import { PartyMember, type PartyMessage, type PartySeat } from '@silly-face/testing';
import { FACES } from '../../src/game/faces.ts';
import type { RoomHistory } from './room-history.ts';

export interface GuestOptions {
  readonly seat: PartySeat;
  readonly history: RoomHistory;
  /** Whether it shows and guesses, too. */
  readonly plays: boolean;
}

/** A member of a room who chats, and races to guess where the room plays. */
export class PartyGuest {
  readonly member: PartyMember;
  readonly #history: RoomHistory;
  readonly #plays: boolean;
  #end: AbortSignal | undefined;

  constructor({ seat, history, plays }: GuestOptions) {
    this.#history = history;
    this.#plays = plays;
    this.member = new PartyMember({ seat, room: history.room, onEvent: (event) => this.#hear(event) });
  }

  /** `pipelined`: it does not wait for the answer to the message before. */
  async chat(
    end: AbortSignal,
    { everyMs, pipelined }: { everyMs: number; pipelined: boolean },
  ): Promise<void> {
    this.#end = end;
    // Not all at the same moment.
    await sleep(Math.random() * everyMs);
    while (!end.aborted) {
      const answered = this.#send('CHAT', { text: 'The one with the teapot on its head, I would say' });
      if (!pipelined) await answered;
      await sleep(everyMs);
    }
  }

  /** Whoever may show when the talk begins, shows; the others are told that it is not their turn. */
  async play(): Promise<void> {
    if (this.#plays) await this.#show();
  }

  #hear(event: PartyMessage): void {
    this.#history.hear(this.member.you, event);
    if (!this.#plays || !this.#end || this.#end.aborted) return;
    const isMine = event.by === this.member.you;
    if (event['shower'] === this.member.you) void this.#show();
    else if (event.cmd === 'SHOWN' && !isMine) void this.#guess(event['choices'] as string[]);
  }

  async #show(): Promise<void> {
    await sleep(SHOW_AFTER_MS);
    if (this.#end?.aborted) return;
    await this.#send('SHOW', { face: FACES[Math.floor(Math.random() * FACES.length)] });
  }

  async #guess(choices: string[]): Promise<void> {
    for (const face of choices) {
      if (this.#end?.aborted) return;
      const { cmd, code, right } = await this.#send('GUESS', { face });
      const goesOn = cmd === 'ERROR' ? code === 'already-guessed' : right === false;
      if (!goesOn) return;
    }
  }

  async #send(cmd: string, fields: object): Promise<PartyMessage> {
    const { id, answer } = this.member.command(cmd, { ...fields });
    this.#history.sent(id);
    const message = await answer;
    this.#history.answered(id, message);
    return message;
  }
}

const SHOW_AFTER_MS = 500;

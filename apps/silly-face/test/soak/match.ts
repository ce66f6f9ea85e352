import { randomUUID } from 'node:crypto';
import { FACES } from '../../src/game/faces.ts';
import type { Player, RoundSeen } from './player.ts';

/** One turn as the players were told that it went. */
export interface PlayedTurn {
  readonly face: string;
  readonly submitterId: string;
  readonly wrongGuesses: string[];
  isGuessed: boolean;
}

/** Two players at their round for ever, who write down what they were told: the history must say the same. */
export class Match {
  readonly turns: PlayedTurn[] = [];
  readonly taunts: string[] = [];
  roundId = '';
  /** POSTs that were answered. */
  posts = 0;
  readonly #players: [Player, Player];
  readonly #photos: Buffer[];

  constructor(players: [Player, Player], photos: Buffer[]) {
    this.#players = players;
    this.#photos = photos;
  }

  /** Until the signal, and then to the end of the turn. */
  async play(signal: AbortSignal): Promise<void> {
    let [submitter, guesser] = this.#players;
    const { id } = await submitter.post<RoundSeen>('/rounds', { opponentId: guesser.id });
    this.posts += 1;
    this.roundId = id;
    while (!signal.aborted) {
      await this.#submit(submitter);
      await this.#taunt(submitter);
      await this.#guess(guesser);
      await guesser.get('/me');
      [submitter, guesser] = [guesser, submitter];
    }
  }

  async #submit(submitter: Player): Promise<void> {
    const before = await submitter.get<RoundSeen>(`/rounds/${this.roundId}`);
    expectState(before, 'SUBMITTING', this.turns.length + 1);
    const face = anyOf(FACES);
    const after = await submitter.submit(this.roundId, face, anyOf(this.#photos));
    this.posts += 1;
    this.turns.push({ face, submitterId: submitter.id, wrongGuesses: [], isGuessed: false });
    expectState(after, 'WAITING_GUESS', this.turns.length);
  }

  async #guess(guesser: Player): Promise<void> {
    const turn = this.turns.at(-1) as PlayedTurn;
    const round = await guesser.get<RoundSeen>(`/rounds/${this.roundId}`);
    expectState(round, 'GUESSING', this.turns.length);
    const photo = await guesser.photo(round.photoUrl ?? '');
    if (photo.length === 0) throw new Error(`The photo of ${round.photoUrl} is empty`);
    for (const face of round.choices) {
      const { correct } = await guesser.post<{ correct: boolean }>(
        `/rounds/${this.roundId}/guesses`,
        { face },
        200,
      );
      this.posts += 1;
      if (correct !== (face === turn.face)) throw new Error(`${face} was judged wrongly`);
      if (correct) {
        turn.isGuessed = true;
        return;
      }
      turn.wrongGuesses.push(face);
    }
    throw new Error('None of the choices was right');
  }

  async #taunt(player: Player): Promise<void> {
    const text = randomUUID();
    await player.post(`/rounds/${this.roundId}/taunts`, { text });
    this.posts += 1;
    this.taunts.push(text);
  }
}

function expectState({ state, turn }: RoundSeen, expected: RoundSeen['state'], expectedTurn: number): void {
  if (state !== expected || turn !== expectedTurn)
    throw new Error(`Expected ${expected} in turn ${expectedTurn}, got ${state} in turn ${turn}`);
}

function anyOf<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item;
}

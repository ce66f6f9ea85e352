import { Account } from '../checks/account.ts';
import { checkEqual } from '../checks/check.ts';
import { awardOf, checkCoherence, checkProgress } from '../checks/round.ts';
import type { Said } from '../http/answer.ts';
import type { Me, Player, Round } from '../http/contract.ts';
import type { MarkerId } from '../photo/marker.ts';

/** A photo that this bot sent and that is still to be revealed. */
export interface SentFace {
  turn: number;
  face: string;
  marker: MarkerId;
}

/** What the bot knows of one round beyond its last answer. */
export interface RoundNotes {
  seen: Round;
  sent?: SentFace;
  /** The marker of the newest photo of the round, whoever sent it. */
  marker?: MarkerId;
  /** The opponent's photos carry markers: it is a bot, and one without is an error. */
  opponentDraws: boolean;
}

/**
 * What the bot saw so far, to hold each new answer against. It always remembers before it judges, so one wrong answer is
 * reported once. It forgets everything at a restart: the first answer is then believed.
 */
export class Memory {
  readonly account = new Account();
  readonly #opponent: string | undefined;
  readonly #rounds = new Map<string, RoundNotes>();
  #me: Player | undefined;

  constructor(opponent: string | undefined) {
    this.#opponent = opponent;
  }

  /** The bot itself, as of the last `GET /me`. */
  get me(): Player {
    if (this.#me === undefined) throw new TypeError('The bot has not asked who it is yet');
    return this.#me;
  }

  /** The rounds that were seen before and are not among these. */
  missingFrom(rounds: readonly Round[]): string[] {
    const there = new Set(rounds.map(({ id }) => id));
    return [...this.#rounds.keys()].filter((id) => !there.has(id));
  }

  notesOf(round: Round): RoundNotes {
    const notes = this.#rounds.get(round.id) ?? {
      seen: round,
      opponentDraws: round.opponent.name === this.#opponent,
    };
    this.#rounds.set(round.id, notes);
    return notes;
  }

  /** @throws {ViolatedCheck} when the round contradicts itself or what was seen of it before */
  seeRound(round: Said<Round>): void {
    const before = this.#rounds.get(round.id)?.seen;
    this.notesOf(round).seen = round;
    if (before !== undefined && (round.lastTurn?.turn ?? 0) > (before.lastTurn?.turn ?? 0)) {
      this.account.earn(awardOf(round.lastTurn, this.me.id));
    }
    checkCoherence(round, this.me.id);
    if (before !== undefined) checkProgress(before, round);
  }

  /**
   * @param earnedBefore what the account had earned when the question was sent
   * @returns everything that is wrong
   */
  seeMe(answer: Said<Me>, earnedBefore: number): unknown[] {
    this.#me = answer.currentPlayer;
    const { request, rounds } = answer;
    const looks = rounds.map((round) => () => this.seeRound({ ...round, request }));
    const whole = [() => this.#checkAllThere(answer), () => this.account.balance(answer, earnedBefore)];
    return [...looks, ...whole].flatMap(errorOf);
  }

  /** Rounds go on for ever. */
  #checkAllThere({ rounds, request }: Said<Me>): void {
    const lost = this.missingFrom(rounds);
    for (const id of lost) this.#rounds.delete(id);
    checkEqual('round-lost', 'the rounds that are no longer there', lost, [], request);
  }
}

function errorOf(look: () => void): unknown[] {
  try {
    look();
    return [];
  } catch (error) {
    return [error];
  }
}

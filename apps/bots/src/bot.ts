import type { BotConfig } from './config.ts';
import type { Random } from './drawing/random.ts';
import { ServiceTrouble, Stopped } from './errors.ts';
import { HttpClient } from './http/client.ts';
import type { Round } from './http/contract.ts';
import { Game } from './http/game.ts';
import type { Journal } from './journal.ts';
import { challenge } from './play/challenge.ts';
import { NEXT_MOVE } from './play/decide.ts';
import { guessUntilRight } from './play/guess.ts';
import { checkReveal } from './play/look.ts';
import { Memory } from './play/memory.ts';
import { attempt, refresh, type Seat } from './play/seat.ts';
import { submitFace } from './play/submit.ts';
import { taunt } from './play/taunt.ts';

export interface BotOptions {
  config: BotConfig;
  journal: Journal;
  random: Random;
  /** Aborts at once, also in the middle of a move. */
  signal: AbortSignal;
}

/** One player who never tires: each scan brings every open round one step further, and checks everything it sees on the way. */
export class Bot {
  readonly #opponent: string | undefined;
  readonly #seat: Seat;

  constructor({ config, journal, random, signal }: BotOptions) {
    const game = new Game(new HttpClient({ url: config.apiUrl, signal }), config.apiUrl, config);
    this.#opponent = config.opponent;
    this.#seat = { game, journal, random, memory: new Memory(config.opponent) };
  }

  /**
   * Does not reject for anything that the service does: it is told to the journal.
   * @param stopping ends the scan after the current move
   */
  async scan(stopping: AbortSignal): Promise<void> {
    const { journal } = this.#seat;
    try {
      const rounds = await attempt(this.#seat, 'enter', () => this.#enter());
      if (rounds !== undefined) await this.#walk(rounds, stopping);
      journal.fine();
    } catch (error) {
      if (error instanceof ServiceTrouble) journal.trouble(error);
      else if (!(error instanceof Stopped)) throw error;
    }
  }

  async #enter(): Promise<Round[]> {
    const { game, journal, memory } = this.#seat;
    if ((await game.enter()) === 'signed up') journal.say('joins the Silly Face Society');
    const { rounds } = await refresh(this.#seat);
    // Two balances in a row open the books; while the opponent is busy they may differ, and a later scan opens them.
    return memory.account.isSettled ? rounds : (await refresh(this.#seat)).rounds;
  }

  async #walk(rounds: readonly Round[], stopping: AbortSignal): Promise<void> {
    const opponent = this.#opponent;
    const isMissing = opponent !== undefined && !rounds.some((round) => round.opponent.name === opponent);
    const started = isMissing
      ? await attempt(this.#seat, 'challenge', () => challenge(this.#seat, opponent))
      : undefined;
    for (const round of started === undefined ? rounds : [...rounds, started]) {
      if (stopping.aborted) return;
      await this.#advance(round);
    }
  }

  async #advance(round: Round): Promise<void> {
    const seat = this.#seat;
    await attempt(seat, 'look back', () => checkReveal(seat, round));
    switch (NEXT_MOVE[round.state]) {
      case 'submit':
        await attempt(seat, 'submit', () => submitFace(seat, round));
        break;
      case 'guess':
        await attempt(seat, 'guess', async () => {
          await guessUntilRight(seat, round);
          await attempt(seat, 'taunt', () => taunt(seat, round));
        });
        break;
      case 'wait':
    }
  }
}

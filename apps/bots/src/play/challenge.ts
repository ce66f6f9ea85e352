import { check, checkEqual } from '../checks/check.ts';
import { Refused, ViolatedCheck } from '../errors.ts';
import type { Player, Round } from '../http/contract.ts';
import type { Seat } from './seat.ts';

/** Challenges a player by name. Resolves to the new round, or to nothing when there is no such player yet. */
export async function challenge(seat: Seat, name: string): Promise<Round | undefined> {
  const { game, journal, memory } = seat;
  const opponent = await findInLobby(seat, name);
  if (opponent === undefined) {
    journal.hint(`waits for ${name}, who is not in the lobby`);
    return undefined;
  }
  const round = await game.challenge(opponent.id).catch((error: unknown) => {
    // The opponent was quicker: the next refresh shows its round.
    if (error instanceof Refused && error.code === 'already-challenged') return undefined;
    throw error;
  });
  if (round === undefined) return undefined;
  journal.say(`challenges ${name}`);
  memory.seeRound(round);
  checkEqual('opponent-wrong', 'the opponent', round.opponent.id, opponent.id, round.request);
  checkEqual('state-wrong', 'the state of a new round', round.state, 'SUBMITTING', round.request);
  checkEqual('turn-wrong', 'the turn of a new round', round.turn, 1, round.request);
  return round;
}

async function findInLobby({ game, memory }: Seat, name: string): Promise<Player | undefined> {
  const seen = new Set<string>();
  for (let cursor: string | null = null; ;) {
    const { players, nextCursor, request } = await game.lobby(cursor);
    check(
      !players.some(({ id }) => id === memory.me.id),
      'lobby-wrong',
      'Expected the asker not to be listed',
      request,
    );
    const found = players.find((player) => player.name === name);
    if (found !== undefined || nextCursor === null) return found;
    if (seen.has(nextCursor))
      throw new ViolatedCheck('lobby-wrong', 'Expected the pages to end', { request });
    seen.add(nextCursor);
    cursor = nextCursor;
  }
}

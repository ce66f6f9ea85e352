import { expect, test } from 'vitest';
import { Account } from '../../src/checks/account.ts';
import { seededRandom } from '../../src/drawing/random.ts';
import type { Said } from '../../src/http/answer.ts';
import type { Me } from '../../src/http/contract.ts';
import { aRound, ME } from '../rounds.ts';

function me(monocles: number, turn = 1): Said<Me> {
  const currentPlayer = { id: ME, name: 'Cosbybot', rankName: 'Smirker', monocles };
  return { currentPlayer, rounds: [aRound('SUBMITTING', turn)], request: 'GET /me → 200' };
}

function settledAccount(monocles: number): Account {
  const account = new Account();
  account.balance(me(monocles), 0);
  account.balance(me(monocles), 0);
  return account;
}

test('two equal balances in a row open the books', () => {
  const account = new Account();
  account.balance(me(10), 0);
  expect(account.isSettled).toBe(false);
  account.balance(me(12, 2), 0);
  expect(account.isSettled).toBe(false);
  account.balance(me(12, 2), 0);
  expect(account.isSettled).toBe(true);
});

test('monocles never fall, also before the books are open', () => {
  const account = new Account();
  account.balance(me(10), 0);
  expect(() => account.balance(me(9), 0)).toThrow(
    expect.objectContaining({ code: 'monocles-fell' }) as Error,
  );
});

test('monocles that the answers promised have to be there', () => {
  const account = settledAccount(10);
  account.earn(6);
  expect(() => account.balance(me(13), account.earned)).toThrow(
    'Expected at least 16 monocles by what the answers said, got 13',
  );
});

test('monocles that no answer explains are told with the next balance', () => {
  const account = settledAccount(10);
  account.balance(me(11), 0);
  expect(() => account.balance(me(11), 0)).toThrow(
    expect.objectContaining({ code: 'monocles-unexplained' }) as Error,
  );
});

test('what is wrong is told once: the books begin anew', () => {
  const account = settledAccount(10);
  expect(() => account.balance(me(5), 0)).toThrow('monocles');
  account.balance(me(5), 0);
  expect(account.isSettled).toBe(true);
  account.earn(3);
  account.balance(me(8), 3);
});

test('a right service passes, whichever of balance and rounds it reads first while the opponent plays', () => {
  const random = seededRandom(42);
  for (let game = 0; game < 200; game += 1) {
    const account = settledAccount(100);
    let [monocles, toldMonocles, turn] = [100, 100, 1];
    for (let scan = 0; scan < 30; scan += 1) {
      const { earned } = account;
      const before = { monocles, turn };
      const award = random() < 0.5 ? 1 + Math.floor(random() * 6) : 0;
      if (award > 0) [monocles, turn] = [monocles + award, turn + 1];
      // The award may be committed before the answer, after it, or between its two reads.
      const after = { monocles, turn };
      const balance = random() < 0.5 ? before : after;
      const rounds = random() < 0.5 ? before : after;
      account.earn(rounds === after ? monocles - toldMonocles : before.monocles - toldMonocles);
      toldMonocles = rounds.monocles;
      expect(() => account.balance(me(balance.monocles, rounds.turn), earned)).not.toThrow();
    }
  }
});

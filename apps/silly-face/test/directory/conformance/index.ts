import { disconnectAfterEach, type Store } from '../store.ts';
import { describeClaims } from './claims.ts';
import { describeFences } from './fences.ts';
import { describeHistory } from './history.ts';
import { describeLeases } from './leases.ts';
import { describeLoss } from './loss.ts';
import { describeSeats } from './seats.ts';

/** What both directories do, whatever they are made of. The store is there when the first test begins. */
export function describeDirectory(store: () => Store): void {
  disconnectAfterEach();
  describeLeases(store);
  describeClaims(store);
  describeFences(store);
  describeHistory(store);
  describeSeats(store);
  describeLoss(store);
}

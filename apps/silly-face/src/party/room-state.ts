import type { LogEntry, Snapshot } from '../directory/directory.ts';
import { apply, newParty, partyJson, partyOf, type Party, type PartyJson } from '../game/party.ts';
import type { PartyEvent } from '../game/party-moves.ts';
import { encode } from './encoded.ts';
import { eventFrame } from './event-frame.ts';
import { RecentEvents, type RecentJson } from './recent-events.ts';

/** All that a room is, besides its connections. */
export interface RoomState {
  readonly seq: number;
  readonly party: Party;
  readonly recent: RecentJson;
}

interface SnapshotState {
  readonly party: PartyJson;
  readonly recent: RecentJson;
  /** The fence of the process that it was handed to: nothing was told after it by anybody else. */
  readonly successor?: number;
}

/**
 * What was told and not yet logged when a process died had numbers, too: they are not used again. Who leaves the gap keeps it
 * before anything is told behind it, or the next one, finding nothing there, would leave the same.
 */
const CRASH_GAP = 1_000_000;

export function snapshotOf({ seq, party, recent }: RoomState, successor?: number): Snapshot {
  const state: SnapshotState = { party: partyJson(party), recent, ...(successor && { successor }) };
  return { seq, state };
}

/** The room as the directory has kept it, for the process that has this fence; with a gap in its numbers when the last one died. */
export function restoreRoom(
  { snapshot, log }: { snapshot: Snapshot | undefined; log: readonly LogEntry[] },
  fence: number,
  recentEvents: number,
): RoomState & { readonly hasGap: boolean } {
  const kept = snapshot?.state as SnapshotState | undefined;
  const recent = new RecentEvents(recentEvents, kept?.recent);
  let party = kept ? partyOf(kept.party) : newParty();
  let seq = snapshot?.seq ?? 0;
  for (const entry of log) {
    const event = entry.event as PartyEvent;
    const before = party;
    party = apply(before, event);
    seq = entry.seq;
    recent.push(seq, encode(eventFrame(event, seq, before, party)));
  }
  const wasHandedOver = kept?.successor === fence && log.length === 0;
  const hasGap = seq > 0 && !wasHandedOver;
  return { party, recent: recent.toJSON(), seq: hasGap ? seq + CRASH_GAP : seq, hasGap };
}

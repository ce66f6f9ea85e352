import type { Claim, LogEntry, PartyProcess, Snapshot } from '../directory.ts';

/** As the scripts answer: id, address as JSON, when it came, rooms, connections, whether it drains. */
export type ProcessReply = [string, string, string, string, string, number];
export type ClaimReply = [fence: number, process: ProcessReply];
export type HistoryReply = [seq: string | null, state: string | null, log: string[]];

export function partyProcess([
  id,
  address,
  startedAt,
  rooms,
  connections,
  draining,
]: ProcessReply): PartyProcess {
  const { host, port, webSocketUrl } = JSON.parse(address) as PartyProcess;
  return {
    id,
    host,
    port,
    webSocketUrl,
    rooms: Number(rooms),
    connections: Number(connections),
    draining: draining === 1,
    startedAt: Number(startedAt),
  };
}

export function claimOf(room: string, [fence, process]: ClaimReply): Claim {
  return { room, fence, owner: partyProcess(process) };
}

export function history([seq, state, log]: HistoryReply): {
  snapshot: Snapshot | undefined;
  log: LogEntry[];
} {
  return {
    snapshot: seq === null || state === null ? undefined : { seq: Number(seq), state: JSON.parse(state) },
    log: log.map((member) => {
      const end = member.indexOf(':');
      return { seq: Number(member.slice(0, end)), event: JSON.parse(member.slice(end + 1)) };
    }),
  };
}

/** What the rooms of one process did so far, and how many there are now. */
export interface PartyMetrics {
  rooms: number;
  /** Those that are in a room. */
  connections: number;
  /** Events that were told. */
  messages: number;
  /** Rooms that were given to another process. */
  moves: number;
  /** Rooms that another process had taken. */
  lost: number;
  /** Commands that were refused because the directory was not to be reached. */
  dropped: number;
}

export function newMetrics(): PartyMetrics {
  return { rooms: 0, connections: 0, messages: 0, moves: 0, lost: 0, dropped: 0 };
}

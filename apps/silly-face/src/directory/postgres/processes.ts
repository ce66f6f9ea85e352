import type { Database } from '../../store/database.ts';
import type { Load, NewProcess, PartyProcess } from '../directory.ts';
import { processExpired } from '../refusals.ts';

export interface ProcessRow {
  id: string;
  host: string;
  port: number;
  web_socket_url: string;
  rooms: number;
  connections: number;
  draining: boolean;
  started_at: Date;
}

export const PROCESS_COLUMNS = [
  'id',
  'host',
  'port',
  'web_socket_url',
  'rooms',
  'connections',
  'draining',
  'started_at',
]
  .map((column) => `party_processes.${column}`)
  .join(', ');

/** now() would be the beginning of the transaction, which may have waited for a lock since. */
export const ALIVE = 'party_processes.lease_ends_at > clock_timestamp()';

const LEASE_END = (leaseMs: string): string => `clock_timestamp() + ${leaseMs} * interval '1 millisecond'`;

export function partyProcess(row: ProcessRow): PartyProcess {
  const { id, host, port, web_socket_url: webSocketUrl, rooms, connections, draining } = row;
  return { id, host, port, webSocketUrl, rooms, connections, draining, startedAt: row.started_at.getTime() };
}

export async function checkIn(db: Database, process: NewProcess, leaseMs: number): Promise<void> {
  const { id, host, port, webSocketUrl } = process;
  await db.query(
    `INSERT INTO party_processes (id, host, port, web_socket_url, lease_ends_at)
      VALUES ($1, $2, $3, $4, ${LEASE_END('$5::int')})
      ON CONFLICT (id) DO UPDATE SET host = excluded.host, port = excluded.port, web_socket_url = excluded.web_socket_url,
        rooms = 0, connections = 0, draining = false, started_at = excluded.started_at, lease_ends_at = excluded.lease_ends_at`,
    [id, host, port, webSocketUrl, leaseMs],
  );
}

export async function heartbeat(db: Database, id: string, load: Load, leaseMs: number): Promise<void> {
  const { rowCount } = await db.query(
    `UPDATE party_processes SET rooms = $2, connections = $3, lease_ends_at = ${LEASE_END('$4::int')}
      WHERE id = $1 AND ${ALIVE}`,
    [id, load.rooms, load.connections, leaseMs],
  );
  if (rowCount === 0) throw processExpired('Heartbeat', id);
}

export async function drain(db: Database, id: string): Promise<void> {
  await db.query(`UPDATE party_processes SET draining = true WHERE id = $1`, [id]);
}

export async function expel(db: Database, id: string): Promise<void> {
  await db.query(`DELETE FROM party_processes WHERE id = $1`, [id]);
}

export async function processes(db: Database): Promise<PartyProcess[]> {
  const { rows } = await db.query<ProcessRow>(
    `SELECT ${PROCESS_COLUMNS} FROM party_processes WHERE ${ALIVE} ORDER BY started_at, id`,
  );
  return rows.map(partyProcess);
}

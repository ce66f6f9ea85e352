import type { Database } from '../../store/database.ts';
import type { Seat } from '../directory.ts';
import { newSeatToken, seatDigest } from '../seat-token.ts';

export async function issueSeat(db: Database, seat: Seat, ttlMs: number): Promise<string> {
  const token = newSeatToken();
  await db.query(
    `INSERT INTO party_seats (token_hash, seat, expires_at)
      VALUES ($1, $2, clock_timestamp() + $3::float8 * interval '1 millisecond')`,
    [seatDigest(token), JSON.stringify(seat), ttlMs],
  );
  return token;
}

export async function redeemSeat(db: Database, token: string): Promise<Seat | undefined> {
  const { rows } = await db.query<{ seat: Seat }>(
    `DELETE FROM party_seats WHERE token_hash = $1 AND expires_at > clock_timestamp() RETURNING seat`,
    [seatDigest(token)],
  );
  return rows[0]?.seat;
}

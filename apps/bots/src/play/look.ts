import { check, checkEqual } from '../checks/check.ts';
import { PhotoError, ViolatedCheck } from '../errors.ts';
import type { Round } from '../http/contract.ts';
import type { MarkerId } from '../photo/marker.ts';
import { lookAt, type SeenPhoto } from '../photo/read-marker.ts';
import type { Seat } from './seat.ts';

/** Whether a photo that the bot sent shows what was sent, by its marker. @throws {ViolatedCheck} */
export async function checkOwnPhoto(seat: Seat, photoUrl: string, sent: MarkerId): Promise<void> {
  const { seen, request } = await fetchPhoto(seat, photoUrl);
  if (seen.marker instanceof PhotoError) throw noMarker(seen.marker, request);
  checkEqual('photo-differs', 'the marker of the photo', seen.marker, sent, request);
}

/** Whether the photo to guess is one, is new, and carries a marker if the opponent's photos do. @throws {ViolatedCheck} */
export async function checkPhotoToGuess(seat: Seat, round: Round): Promise<void> {
  if (round.photoUrl === null) return;
  const notes = seat.memory.notesOf(round);
  const { seen, request } = await fetchPhoto(seat, round.photoUrl);
  if (seen.marker instanceof PhotoError) {
    // A person's photo has none.
    if (notes.opponentDraws) throw noMarker(seen.marker, request);
    return;
  }
  const previous = notes.marker;
  notes.marker = seen.marker;
  notes.opponentDraws = true;
  const stale = `Expected another photo than that of the turn before, with the marker ${previous ?? ''}`;
  check(seen.marker !== previous, 'photo-stale', stale, request);
}

/** Whether the last turn reveals the face and the photo that the bot sent in it. @throws {ViolatedCheck} */
export async function checkReveal(seat: Seat, round: Round): Promise<void> {
  const notes = seat.memory.notesOf(round);
  const { sent } = notes;
  const { lastTurn } = round;
  if (sent === undefined || lastTurn === null || lastTurn.turn < sent.turn) return;
  delete notes.sent;
  const request = `GET /me (round ${round.id})`;
  checkEqual('last-turn-wrong', 'the last turn', lastTurn.turn, sent.turn, request);
  checkEqual('face-differs', 'the face that the last turn reveals', lastTurn.face, sent.face, request);
  checkEqual('last-turn-wrong', 'the submitter', lastTurn.submitterId, seat.memory.me.id, request);
  await checkOwnPhoto(seat, lastTurn.photoUrl, sent.marker);
}

/** The service re-encodes photos to at most this many pixels a side. */
const LONGEST_SIDE = 1080;

async function fetchPhoto(seat: Seat, photoUrl: string): Promise<{ seen: SeenPhoto; request: string }> {
  const { bytes, request } = await seat.game.photo(photoUrl);
  const seen = await lookAt(bytes).catch((cause: unknown) => {
    throw new ViolatedCheck('photo-unreadable', 'Expected a photo', { request, cause });
  });
  checkEqual('photo-format', 'the format of the photo', seen.format, 'jpeg', request);
  const side = Math.max(seen.width, seen.height);
  check(
    side <= LONGEST_SIDE,
    'photo-size',
    `Expected at most ${LONGEST_SIDE} pixels a side, got ${side}`,
    request,
  );
  return { seen, request };
}

function noMarker(cause: PhotoError, request: string): ViolatedCheck {
  return new ViolatedCheck('marker-missing', 'Expected a photo with a marker', { request, cause });
}

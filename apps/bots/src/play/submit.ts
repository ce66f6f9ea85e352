import { checkMoved } from '../checks/round.ts';
import type { Round } from '../http/contract.ts';
import { takePhoto, type TakenPhoto } from '../photo/take-photo.ts';
import { chooseFace, choosePhotoType } from './decide.ts';
import { checkOwnPhoto } from './look.ts';
import { attempt, type Seat } from './seat.ts';

/** Draws a silly face, sends it, and looks whether it is there. */
export async function submitFace(seat: Seat, round: Round): Promise<void> {
  const { game, journal, memory, random } = seat;
  const { faces } = await game.faces();
  const face = chooseFace(faces, round, random);
  const photo = await takePhoto(face, choosePhotoType(round));
  const after = await game.submit(round.id, face, photo);
  const { turn } = round;
  const notes = memory.notesOf(round);
  notes.sent = { turn, face, marker: photo.marker };
  notes.marker = photo.marker;
  journal.say(`sends a silly face (turn ${turn}, "${face}", ${sizeOf(photo)})`);
  memory.seeRound(after);
  checkMoved(round, after, { state: 'WAITING_GUESS', turns: 0 });
  const { photoUrl } = after;
  if (photoUrl !== null)
    await attempt(seat, 'look at the own photo', () => checkOwnPhoto(seat, photoUrl, photo.marker));
}

function sizeOf({ bytes, type }: TakenPhoto): string {
  return `${Math.ceil(bytes.length / 1000)} kB ${type === 'image/png' ? 'PNG' : 'JPEG'}`;
}

import { draw } from './drawing.ts';
import { newAccount, newPlayer, type TestPlayer } from './client.ts';
import { type Rig, type RigOptions, startRig } from './rig.ts';

export interface Rounds {
  readonly rig: Rig;
  readonly anna: TestPlayer;
  readonly bert: TestPlayer;
  readonly carla: TestPlayer;
  /** Anna is to submit to Bert. */
  readonly submitting: string;
  /** Bert is to guess what Carla submitted, a Smug Cat. */
  readonly guessing: string;
  /** What Carla submitted. */
  readonly photo: Blob;
}

/** The backend with three players and two rounds. */
export async function startRounds(options?: RigOptions): Promise<Rounds> {
  const rig = await startRig(options);
  const anna = await newPlayer(rig);
  const bert = await newPlayer(rig);
  const carla = await newAccount(rig.url, 'carla');
  const photo = await draw();
  const challenge = async (challenger: TestPlayer): Promise<string> =>
    (await challenger.post('/rounds', { opponentId: bert.id })).body.id;
  const submitting = await challenge(anna);
  const guessing = await challenge(carla);
  await carla.submit(guessing, 'Smug Cat', photo);
  return { rig, anna, bert, carla, submitting, guessing, photo };
}

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** What nobody can reach any more is collected; whoever wants to know hears of it a little later. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** `npm run soak` sets it: the numbers that the project promises. Without it the same in short, with the other tests. */
export const isLong = process.env.SILLY_FACE_SOAK === 'long';

export function scaled({ short, long }: { short: number; long: number }): number {
  return isLong ? long : short;
}

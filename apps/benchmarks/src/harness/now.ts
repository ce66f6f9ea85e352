/** In milliseconds, the same for all processes of this machine. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The time in ms on a clock that nobody sets. `performance` tells it too, but takes a quarter of a megabyte for it. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

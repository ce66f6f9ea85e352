/** As Postgres writes times into JSON where its zone is UTC, with the microseconds that a Date would cut off. */
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\d*\+00:00$/;

/** The time in milliseconds and UTC. A round has twenty taunts, and Date would be a tenth of what reading one costs. */
export function isoTime(text: string): string {
  return UTC.test(text) ? `${text.slice(0, 23)}Z` : new Date(text).toISOString();
}

// The commands that ask a supervisor elsewhere, in one file to import when one of them is asked for: a supervisor itself does not
// need them, and would hold them for as long as it runs.
export { showLogs } from './logs.ts';
export { printMetrics, tellProgress } from './requests.ts';
export { showStatus } from './status.ts';
export { stop } from './stop.ts';

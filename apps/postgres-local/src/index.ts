export { PostgresLocalError, type PostgresLocalErrorCode } from './errors.ts';
export { reachableDirectory } from './reachable.ts';
export { preparePostgres, type PostgresOptions, type PreparedPostgres } from './prepare.ts';
export { runPostgres, type RunningPostgres } from './run.ts';
export { freePort, isPortFree } from './free-port.ts';

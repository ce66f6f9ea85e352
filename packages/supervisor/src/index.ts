export type { BlockedFrame } from './heartbeat/call-frames.ts';
export type { AlertHook } from './observation/alert-hook.ts';
export type { ChildExitHook } from './child/exit-hooks.ts';
export { defineConfig } from './config/define-config.ts';
export { SupervisorError } from './errors.ts';
export type { SupervisorErrorCode, SupervisorErrorDetails } from './errors.ts';
export type {
  AlertEvent,
  AlertKind,
  BlockedEvent,
  DroppedEvent,
  ExitEvent,
  FailedEvent,
  HookFailedEvent,
  MemoryEvent,
  OutputEvent,
  ReloadEvent,
  SinkFailedEvent,
  SpareEvent,
  StateEvent,
  SupervisorEvents,
} from './events.ts';
export type { EndpointOptions } from './health-check/endpoint.ts';
export type { DeclaredCheck, HealthCheck } from './health-check/declared-check.ts';
export type { TextExpectation } from './health-check/expectation.ts';
export type { CheckTarget, HealthCheckFunction, HealthProbe } from './health-check/health-check.ts';
export { httpCheck } from './health-check/http-check.ts';
export type { HttpCheckOptions } from './health-check/http-check.ts';
export { lineCheck } from './health-check/line-check.ts';
export type { LineCheckOptions, LineExpectation, LineStep } from './health-check/line-check.ts';
export { tcpCheck } from './health-check/tcp-check.ts';
export type { TcpCheckOptions } from './health-check/tcp-check.ts';
export {
  reloadMonitoredChildren,
  reloadMonitoredChildrenOn,
  spawnMonitoredChild,
} from './spawn-monitored-child.ts';
export type { MonitoredChild, MonitoredChildOptions } from './spawn-monitored-child.ts';
export type {
  ChildOptions,
  Readiness,
  ReloadKind,
  RestartOptions,
  SocketOptions,
  SupervisorOptions,
} from './options/options.ts';
export type { Logger, LogLevels } from './output/logger.ts';
export { printEvents, printOutput } from './output/print.ts';
export type { PrintTarget } from './output/print.ts';
export type {
  ConsoleSinkOptions,
  FileSinkOptions,
  FunctionSinkOptions,
  LoggerSinkOptions,
  SinkLimits,
  SinkOptions,
} from './output/sink-options.ts';
export type { ChildState } from './child/states.ts';
export type { ChildStatus, RestartReason } from './child/status.ts';
export { Supervisor } from './supervisor.ts';

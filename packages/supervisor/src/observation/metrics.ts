import type { EventEmitter } from 'node:events';
import { childStates } from '../child/states.ts';
import type { ChildStatus } from '../child/status.ts';
import type { SupervisorEvents } from '../events.ts';
import type { SupervisorStatus } from './supervisor-status.ts';

/** What is counted since the supervisor began. */
export class MetricCounts {
  readonly reloads = { done: 0, failed: 0 };
  /** Lines that an output lost, by child. */
  readonly droppedLines = new Map<string, number>();

  constructor(events: EventEmitter<SupervisorEvents>) {
    events.on('dropped', ({ child, lines }) => {
      this.droppedLines.set(child, (this.droppedLines.get(child) ?? 0) + lines);
    });
    events.on('reload', ({ outcome }) => (this.reloads[outcome] += 1));
  }
}

/** The text format of Prometheus, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function metricsText(
  supervisor: SupervisorStatus,
  children: readonly ChildStatus[],
  counts: MetricCounts,
): string {
  // A completed task is neither up nor down.
  const services = children.filter(({ state }) => state !== 'completed');
  const each = (pick: (child: ChildStatus) => number | undefined): Sample[] =>
    children.map((child) => [{ child: child.name }, pick(child)]);
  return [
    family('supervisor_info', 'gauge', 'The supervisor itself.', [
      [{ version: supervisor.version, node: supervisor.nodeVersion }, 1],
    ]),
    family('supervisor_start_time_seconds', 'gauge', 'When the supervisor began, in seconds since 1970.', [
      [{}, supervisor.since.getTime() / 1000],
    ]),
    family('supervisor_resident_memory_bytes', 'gauge', 'Memory of the supervisor itself.', [
      [{}, supervisor.rssBytes],
    ]),
    family('supervisor_cpu_seconds_total', 'counter', 'Processor time of the supervisor itself.', [
      [{}, supervisor.cpuSeconds],
    ]),
    family(
      'supervisor_reloads_total',
      'counter',
      'Reloads that are over, by outcome.',
      Object.entries(counts.reloads).map(([outcome, count]) => [{ outcome }, count]),
    ),
    family(
      'supervisor_child_up',
      'gauge',
      '1 when the child is ready, 0 when it is not; none for a completed task.',
      services.map(({ name, state }) => [{ child: name }, state === 'ready' ? 1 : 0]),
    ),
    family(
      'supervisor_child_state',
      'gauge',
      '1 for the state in which the child is, 0 for the others.',
      children.flatMap(({ name, state }) =>
        childStates.map((one): Sample => [{ child: name, state: one }, one === state ? 1 : 0]),
      ),
    ),
    family(
      'supervisor_child_restarts_total',
      'counter',
      'How often a process of the child was replaced, by reason.',
      children.flatMap(({ name, restartsByReason }) =>
        Object.entries(restartsByReason).map(([reason, count]): Sample => [{ child: name, reason }, count]),
      ),
    ),
    family(
      'supervisor_child_ready_time_seconds',
      'gauge',
      'When the present process got ready, in seconds since 1970.',
      each(({ readyAt }) => (readyAt === undefined ? undefined : readyAt.getTime() / 1000)),
    ),
    family(
      'supervisor_child_spare',
      'gauge',
      '1 when a second process stands by, else 0.',
      each(({ spare }) => (spare ? 1 : 0)),
    ),
    family(
      'supervisor_child_health_latency_seconds',
      'gauge',
      'How long the last health check that succeeded took.',
      each(({ healthLatencyMs }) => seconds(healthLatencyMs)),
    ),
    family(
      'supervisor_child_event_loop_lag_seconds',
      'gauge',
      'How late the event loop of the child last was.',
      each(({ loopLagMs }) => seconds(loopLagMs)),
    ),
    family(
      'supervisor_child_resident_memory_bytes',
      'gauge',
      'Memory of the present process.',
      each(({ rssBytes }) => rssBytes),
    ),
    family(
      'supervisor_child_cpu_seconds_total',
      'counter',
      'Processor time of the present process.',
      each(({ cpuSeconds }) => cpuSeconds),
    ),
    family(
      'supervisor_child_dropped_lines_total',
      'counter',
      'Lines of the child that an output could not take in time.',
      each(({ name }) => counts.droppedLines.get(name) ?? 0),
    ),
  ].join('');
}

type Sample = [labels: Readonly<Record<string, string>>, value: number | undefined];

/** Values that nobody knows are left out, and so is a family of nothing but those. */
function family(name: string, type: 'counter' | 'gauge', help: string, samples: Sample[]): string {
  const known = samples.filter(([, value]) => value !== undefined);
  if (known.length === 0) return '';
  const lines = known.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

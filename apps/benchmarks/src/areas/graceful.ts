import { areaOf } from '../harness/parts.ts';
import type { Context, Row } from '../harness/row.ts';
import { measureBehindNginx } from '../graceful/behind-nginx.ts';
import { measureCrashLogs } from '../graceful/crash-logs.ts';
import { measureHttp2 } from '../graceful/http2.ts';
import { measureIdle } from '../graceful/idle.ts';
import { measureInFlight } from '../graceful/in-flight.ts';
import { measureSecondSignal } from '../graceful/second-signal.ts';
import { measureSize } from '../graceful/size.ts';
import { measureThroughput } from '../graceful/throughput.ts';

const measurements: Record<string, (context: Context) => Promise<Row[]>> = {
  'nginx-held': (context) => measureBehindNginx('held', context),
  'nginx-ports': (context) => measureBehindNginx('ports', context),
  'in-flight': measureInFlight,
  idle: measureIdle,
  http2: measureHttp2,
  'second-signal': measureSecondSignal,
  'crash-logs': measureCrashLogs,
  throughput: measureThroughput,
  size: measureSize,
};

export const parts = Object.keys(measurements);

/** How processes end: what is lost, how long it takes, and what it costs before. */
export const area = areaOf('graceful', measurements);

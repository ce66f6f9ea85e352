// Our supervisor: its options come as JSON, what it is to do as messages.
import {
  type BlockedEvent,
  type ChildStatus,
  Supervisor,
  SupervisorError,
  type SupervisorOptions,
} from '@silly-face/supervisor';

export interface Question {
  id: number;
  what: 'start' | 'reload' | 'status';
}

export interface Answer {
  id: number;
  /** The code of a SupervisorError. */
  error?: string;
  status?: ChildStatus[];
}

/** Without being asked. */
export interface Told {
  blocked: BlockedEvent;
}

const options = JSON.parse(process.argv[2] ?? '') as SupervisorOptions;
const supervisor = new Supervisor({ ...options, signals: ['SIGTERM'] });

process.on('message', ({ id, what }: Question) => {
  void answer(what).then((found) => process.send?.({ id, ...found } satisfies Answer));
});
supervisor.on('blocked', (event) => void process.send?.({ blocked: event } satisfies Told));
// It goes with the benchmark.
process.on('disconnect', () => void supervisor.stop().then(() => process.exit()));

async function answer(what: Question['what']): Promise<Omit<Answer, 'id'>> {
  if (what === 'status') return { status: supervisor.status() };
  try {
    await supervisor[what]();
    return {};
  } catch (error) {
    if (error instanceof SupervisorError) return { error: error.code };
    throw error;
  }
}

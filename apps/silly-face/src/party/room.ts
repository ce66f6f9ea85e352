import { createHash, randomBytes } from 'node:crypto';
import type { Seat } from '../directory/directory.ts';
import { apply, decide, isTooLate, memberOf, type Party } from '../game/party.ts';
import { MOST_UNANSWERED } from '../game/applied-ids.ts';
import type { PartyEvent, RefusalCode } from '../game/party-moves.ts';
import type { PartyConnection } from './connection.ts';
import { encode, type Encoded } from './encoded.ts';
import { eventFrame, viewOf } from './event-frame.ts';
import type { CommandFrame } from './frames.ts';
import type { Lease } from './lease.ts';
import type { PartyMetrics } from './metrics.ts';
import { News } from './news.ts';
import type { RoomSettings } from './options.ts';
import { commandOf, REASONS } from './room-commands.ts';
import type { LoggedRoom, RoomLog } from './room-log.ts';
import type { RoomState } from './room-state.ts';
import { Seats } from './seats.ts';

/*
 *            the fence was refused, or our lease was over
 *   open ◀──────────────────────────────────────────▶ doubtful
 *    │  ╲            nobody took it                       │ somebody took it
 *    │   ╲ nobody is in it                                ▼
 *    │    ╲──────────────▶ leaving ──────────────────▶ gone
 *    │ drain                  ▲    handed over, closed
 *    └────────────────────────┘
 */
export type RoomPhase = 'open' | 'doubtful' | 'leaving' | 'gone';

/** What a room has of the process that it lives in. */
export interface RoomHost {
  readonly settings: RoomSettings;
  readonly lease: Pick<Lease, 'held'>;
  readonly log: RoomLog;
  readonly metrics: PartyMetrics;
  /** So many events were logged that a snapshot is due. */
  onLongLog(room: Room): void;
  onOvertaken(room: Room): void;
}

export type Joined = 'joined' | 'gone' | Extract<RefusalCode, 'room-full' | 'name-taken'>;

/**
 * One room of this process: members' commands become events, which are logged and told to all. Chat is told at once while the log
 * is not late, everything else when it is kept. What a message costs here is the benchmark area `party`'s row `fan-out`.
 */
export class Room implements LoggedRoom {
  readonly name: string;
  fence: number;
  phase: RoomPhase = 'open';
  readonly seats: Seats;
  readonly #host: RoomHost;
  /** What all events make of it, those included that are not told yet. */
  #party: Party;
  #seq: number;
  readonly #news: News;
  #snapshotSeq: number;
  #emptySince = performance.now();
  readonly #joining = new Set<() => void>();

  constructor(name: string, fence: number, state: RoomState, host: RoomHost) {
    this.name = name;
    this.fence = fence;
    this.#host = host;
    this.#party = state.party;
    this.#seq = state.seq;
    // The rooms of a process that came together, as many do in a deploy, are not all saved together.
    this.#snapshotSeq = state.seq - Math.floor((Math.random() * host.settings.snapshotEvery) / 2);
    this.seats = new Seats(state.party.members.map(({ id }) => id));
    this.#news = new News(state, host.settings.recentEvents, (frame) => this.seats.send(frame));
  }

  get isWritable(): boolean {
    return this.phase === 'open';
  }

  /** With all that is not yet told: a snapshot of it keeps that, too. */
  get state(): RoomState {
    return { seq: this.#seq, party: this.#party, recent: this.#news.recent };
  }

  /** Nobody has been in it for so long. */
  isEmptyFor(ms: number): boolean {
    const isEmpty = this.#party.members.length === 0 && this.#news.isAllTold;
    return isEmpty && performance.now() - this.#emptySince >= ms;
  }

  /** Somebody with no place in it made us open it. */
  expectNobody(): void {
    this.#emptySince = -Infinity;
  }

  command(member: string, connection: PartyConnection, frame: CommandFrame): void {
    // It is not answered, and will be sent again where the room goes on.
    if (this.phase === 'leaving' || this.phase === 'gone') return;
    if (!this.acts) {
      this.#host.metrics.dropped += 1;
      this.#refuse(connection, frame.id, 'directory-unavailable');
      return;
    }
    const event = decide(this.#party, commandOf(frame, member));
    if ('refusal' in event) this.#refuse(connection, frame.id, event.refusal);
    else if (this.#news.untoldOf(member) >= MOST_UNANSWERED)
      this.#refuse(connection, frame.id, 'directory-unavailable');
    else this.#commit(event);
  }

  /** False while it may be somebody else's, and when what it does could not be kept. */
  get acts(): boolean {
    const { lease, log, settings } = this.#host;
    return this.phase === 'open' && lease.held && log.unwritten(this) < settings.mostUnwritten;
  }

  #refuse(connection: PartyConnection, id: string, code: keyof typeof REASONS): void {
    connection.send(encode({ cmd: 'ERROR', id, code, reason: REASONS[code] }));
  }

  /** Resolves when the member has been welcomed, or will not be. */
  join(connection: PartyConnection, { id: by, name }: Seat['player']): Promise<Joined> {
    if (!this.acts) return Promise.resolve('gone');
    const resume = randomBytes(24).toString('base64url');
    const event = decide(this.#party, { type: 'join', by, name, resumeHash: hash(resume), at: Date.now() });
    if ('refusal' in event) return Promise.resolve(event.refusal as Joined);
    return new Promise((resolve) => {
      const onGone = (): void => resolve('gone');
      this.#joining.add(onGone);
      this.#commit(event, () => {
        this.#joining.delete(onGone);
        this.#welcome(connection, by, resume);
        resolve('joined');
      });
    });
  }

  /** The member that this token brings back, who has got what was missed; undefined when it brings nobody. */
  resume(connection: PartyConnection, resume: string, after: number): string | undefined {
    const resumeHash = hash(resume);
    const member = this.#news.party.members.find((each) => each.resumeHash === resumeHash);
    if (!member || memberOf(this.#party, member.id)?.resumeHash !== resumeHash) return undefined;
    this.#welcome(connection, member.id, resume, this.#news.after(after) ?? 'lost');
    return member.id;
  }

  #welcome(
    connection: PartyConnection,
    member: string,
    resume: string,
    missed?: readonly Encoded[] | 'lost',
  ): void {
    if (!connection.open) {
      if (memberOf(this.#party, member) && !this.seats.connectionOf(member)) this.seats.away(member);
      return;
    }
    const isReplayed = missed !== undefined && missed !== 'lost';
    const wasTold = this.seats.take(member, connection);
    connection.send(
      encode({
        cmd: 'WELCOME',
        room: this.name,
        you: member,
        resume,
        seq: this.#news.seq,
        ...(missed && { replayed: isReplayed }),
        // Who was there or away at the place before is no part of what it has handed over.
        ...(isReplayed
          ? { away: this.seats.toldAway() }
          : { state: viewOf(this.#news.party, member, this.seats.toldAway()) }),
      }),
    );
    if (isReplayed) for (const frame of missed) connection.send(frame);
    if (wasTold) this.#tellPresence('BACK', member);
  }

  /** Its socket is gone. */
  detach(member: string, connection: PartyConnection): void {
    this.seats.leave(member, connection);
  }

  /** What time brings: who is away, or takes too long. */
  tick(): void {
    const { settings } = this.#host;
    if (!this.acts) return;
    if (this.seats.absent > 0) {
      for (const member of this.seats.newlyAway(settings.awayAfterMs)) this.#tellPresence('AWAY', member);
      for (const by of this.seats.awayFor(settings.removeAfterMs))
        this.#decideAndCommit({ type: 'leave', by, reason: 'away', at: Date.now() });
    }
    const { shower } = this.#party;
    if (shower !== undefined && isTooLate(this.#party, Date.now(), settings))
      this.#decideAndCommit({ type: 'pass', by: shower, at: Date.now() });
  }

  #decideAndCommit(command: Extract<PartyEvent, { type: 'leave' | 'pass' }>): void {
    const event = decide(this.#party, command);
    if (!('refusal' in event)) this.#commit(event);
  }

  #commit(event: PartyEvent, told?: () => void): void {
    const before = this.#party;
    const seq = ++this.#seq;
    const after = (this.#party = apply(before, event));
    const { log, metrics } = this.#host;
    const keeping = event.type === 'chat' && !log.isLate ? 'later' : 'first';
    const frame = encode(eventFrame(event, seq, before, after));
    log.add(this, { seq, event }, keeping === 'first' || !this.#news.isAllTold);
    metrics.messages += 1;
    const end = event.type === 'leave' ? () => this.#end(event.by) : told;
    this.#news.add({ seq, frame, party: after, by: event.by, keeping, told: end });
  }

  /** Not logged: whoever has the room next sees for itself who is there. */
  #tellPresence(cmd: 'AWAY' | 'BACK', by: string): void {
    const seq = ++this.#seq;
    const frame = encode({ cmd, seq, by });
    this.#news.add({ seq, frame, party: this.#party, by, keeping: 'never', told: undefined });
  }

  #end(member: string): void {
    const connection = this.seats.connectionOf(member);
    this.seats.remove(member);
    connection?.bye('left', 'You have left the room');
    if (this.#party.members.length === 0) this.emptied();
  }

  emptied(): void {
    this.#emptySince = performance.now();
  }

  written(seq: number): void {
    this.#news.kept(seq);
    if (this.#seq - this.#snapshotSeq >= this.#host.settings.snapshotEvery) this.#host.onLongLog(this);
  }

  /** There is a snapshot of all that had happened when it had this number. */
  saved(seq: number): void {
    this.#snapshotSeq = seq;
    this.#news.kept(seq);
  }

  overtaken(): void {
    this.#host.onOvertaken(this);
  }

  /** From now on it goes on elsewhere, or nowhere. */
  gone(): void {
    this.phase = 'gone';
    this.#host.log.forget(this);
    for (const onGone of this.#joining) onGone();
  }
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

import test from 'ava';
import type { MeshInput, MeshOutput } from '../mesh/contract.js';
import type { Mesh } from '../mesh/mesh.js';
import type { Log } from '../ports/log.js';
import type { Radio, RadioCondition, RadioEvents, RadioProbe } from '../ports/radio.js';
import type { Store, StoreOp } from '../ports/store.js';
import { storeFull } from '../storage/store-errors.js';
import { turns } from '../testing/fake-mesh.js';
import { silentLog } from '../testing/radio-world.js';
import { SteppedClock } from '../testing/stepped-clock.js';
import { Runner } from './runner.js';

/** An engine that answers each input as told, and remembers what it was given. */
class FakeEngine {
  readonly inputs: MeshInput[] = [];
  deadline: number | undefined;
  answer: (input: MeshInput) => readonly MeshOutput[] = () => [];

  step(input: MeshInput): readonly MeshOutput[] {
    this.inputs.push(input);
    return this.answer(input);
  }

  nextDeadline(): number | undefined {
    return this.deadline;
  }

  get kinds(): string[] {
    return this.inputs.map(({ kind }) => kind);
  }
}

class FakeRadio implements Radio {
  readonly kind = 'memory';
  readonly name = 'memory';
  readonly traits = {
    mtuBytes: 1_200,
    broadcast: true,
    connected: false,
    reliable: false,
    bitsPerSecond: 1,
    dutyCycle: 1,
    costPerByte: 1,
  };
  readonly sent: string[] = [];
  readonly dropped: string[] = [];
  standing: RadioProbe | undefined;
  events: RadioEvents | undefined;
  closed = false;
  /** What the first attempt comes to; `undefined` says nothing. */
  readonly #first: RadioCondition | undefined;

  constructor(first?: RadioCondition) {
    this.#first = first;
  }

  async probe() {
    return { ok: true, detail: '' };
  }
  async open(events: RadioEvents): Promise<void> {
    this.events = events;
    if (this.#first) events.condition(this.#first, 'as told');
  }
  send(_frame: Uint8Array, to?: string) {
    this.sent.push(to ?? '*');
    return 'queued' as const;
  }
  drop(address: string): void {
    this.dropped.push(address);
  }
  localAddresses() {
    return [];
  }
  counters() {
    return { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, errors: 0 };
  }
  async close(): Promise<void> {
    this.closed = true;
  }
}

function world(
  radios: readonly Radio[] = [new FakeRadio()],
  write: (ops: readonly StoreOp[]) => Promise<void> = async () => {},
  log: Log = silentLog(),
) {
  const clock = new SteppedClock();
  const engine = new FakeEngine();
  const told: string[] = [];
  const store = { batch: write } as Store;
  const runner = new Runner(engine as unknown as Mesh, radios, store, clock, log, {
    deliver: (message) => told.push(`deliver ${message.type}`),
    notice: (effect) => told.push(`notice ${effect.kind}`),
    records: (effect) => told.push(`records ${effect.kind}`),
    radio: (_radio, condition) => told.push(`radio ${condition}`),
    storage: (condition) => told.push(`storage ${condition}`),
  });
  return { clock, engine, told, runner };
}

const bytes = new Uint8Array(1);
const put: StoreOp = { op: 'put', space: 's', key: 'k', value: bytes };

test('effects are executed in order, and what comes meanwhile waits its turn', (t) => {
  const radio = new FakeRadio();
  const { engine, runner } = world([radio]);
  let depth = 0;
  engine.answer = (input) => {
    t.is(depth, 0, 'never a step within a step');
    depth++;
    try {
      return input.kind === 'tick'
        ? [
            { kind: 'transmit', radio: 0, frame: bytes, to: 'x' },
            { kind: 'transmit', radio: 0, frame: bytes },
            { kind: 'drop-link', radio: 0, address: 'y' },
            { kind: 'transmit', radio: 7, frame: bytes },
          ]
        : [];
    } finally {
      depth--;
    }
  };
  const send = radio.send.bind(radio);
  radio.send = (frame, to) => {
    // A radio may call back at once.
    runner.submit({ kind: 'heard', radio: 0, frames: [] });
    return send(frame, to);
  };
  runner.submit({ kind: 'tick' });
  t.deepEqual(radio.sent, ['x', '*']);
  t.deepEqual(radio.dropped, ['y']);
  t.deepEqual(engine.kinds, ['tick', 'heard', 'heard']);
  t.is(runner.times.steps, 3);
});

test('a step that throws does not stop the ones after it', (t) => {
  const { engine, runner } = world();
  engine.answer = (input) => {
    if (input.kind === 'heard') throw new Error('a defect');
    return [];
  };
  t.throws(() => runner.submit({ kind: 'heard', radio: 0, frames: [] }), { message: 'a defect' });
  runner.submit({ kind: 'tick' });
  t.deepEqual(engine.kinds, ['heard', 'tick']);
});

test('the engine is woken when it asked to be, at the latest after a minute', (t) => {
  const { clock, engine, runner } = world();
  engine.deadline = 500;
  runner.submit({ kind: 'heard', radio: 0, frames: [] });
  clock.advance(499);
  t.deepEqual(engine.kinds, ['heard']);
  engine.deadline = undefined;
  clock.advance(1);
  t.deepEqual(engine.kinds, ['heard', 'tick']);
  clock.advance(59_999);
  t.is(engine.inputs.length, 2);
  clock.advance(1);
  t.is(engine.inputs.length, 3);
  // A deadline that is past does not spin.
  engine.deadline = 0;
  runner.submit({ kind: 'heard', radio: 0, frames: [] });
  clock.advance(10);
  t.true(engine.inputs.length <= 4 + 10);
});

test('a timer whose deadline moved well away is set anew, a few times a second; at work it fires in vain', (t) => {
  const { engine, clock, runner } = world();
  engine.deadline = 100;
  runner.submit({ kind: 'tick' });
  engine.deadline = 1_000;
  runner.submit({ kind: 'tick' });
  clock.advance(999);
  t.is(engine.inputs.length, 2);
  clock.advance(1);
  t.is(engine.inputs.length, 3);
  for (let i = 0; i < 200; i++) {
    engine.deadline = clock.now() + 100 + 20 * i;
    runner.submit({ kind: 'tick' });
  }
  const before = engine.inputs.length;
  clock.advance(600);
  t.true(engine.inputs.length > before, 'the timer of some step before');
});

test('an earlier deadline replaces a later timer', (t) => {
  const { clock, engine, runner } = world();
  engine.deadline = 10_000;
  runner.submit({ kind: 'heard', radio: 0, frames: [] });
  engine.deadline = 100;
  runner.submit({ kind: 'heard', radio: 0, frames: [] });
  clock.advance(100);
  t.deepEqual(engine.kinds, ['heard', 'heard', 'tick']);
});

test('what the records want on disk is written, and the engine told how it went', async (t) => {
  let fails = false;
  const written: (readonly StoreOp[])[] = [];
  const { engine, runner, told } = world([], async (ops) => {
    if (fails) throw storeFull('its cap');
    written.push(ops);
  });
  let ticket = 0;
  let ops: readonly StoreOp[] = [put];
  engine.answer = (input) =>
    input.kind === 'tick' ? [{ kind: 'records', effect: { kind: 'store', ticket: ++ticket, ops } }] : [];
  runner.submit({ kind: 'tick' });
  await turns();
  fails = true;
  runner.submit({ kind: 'tick' });
  await turns();
  fails = false;
  ops = [{ op: 'delete', space: 's', key: 'k' }];
  runner.submit({ kind: 'tick' });
  await turns();
  t.deepEqual(
    engine.inputs.flatMap((input) => (input.kind === 'records' ? [input.input] : [])),
    [
      { kind: 'stored', ticket: 1 },
      { kind: 'store-failed', ticket: 2, code: 'store.full' },
      { kind: 'stored', ticket: 3 },
    ],
  );
  // A deletion works on a full disk too: it does not say that there is room.
  t.deepEqual(told, ['storage ok', 'storage full']);
  t.is(written.length, 2);
});

test('deliveries, notices and records reach whom they concern', (t) => {
  const { engine, runner, told } = world();
  const id = '00'.repeat(14) as never;
  engine.answer = () => [
    { kind: 'deliver', message: { type: 16 } as never },
    { kind: 'outcome', id, outcome: 'delivered' },
    { kind: 'records', effect: { kind: 'settled', ticket: 1, results: [] } },
    { kind: 'records', effect: { kind: 'counted', reason: 'x', count: 1 } },
  ];
  runner.submit({ kind: 'tick' });
  t.deepEqual(told, ['deliver 16', 'notice outcome', 'records settled']);
});

test('radios come and go as carriers, each change told once', async (t) => {
  const [quiet, absent] = [new FakeRadio(), new FakeRadio('retrying')];
  const { engine, runner, told } = world([quiet, absent]);
  await runner.start();
  t.deepEqual(
    runner.radios.map(({ condition }) => condition),
    ['up', 'retrying'],
  );
  t.deepEqual(engine.kinds, ['carrier-up', 'tick'].sort());
  absent.events?.condition('up');
  absent.events?.condition('up');
  absent.events?.condition('retrying', 'unplugged');
  t.deepEqual(
    engine.kinds.filter((kind) => kind.startsWith('carrier')),
    ['carrier-up', 'carrier-up', 'carrier-down'],
  );
  t.is(runner.radios[1]?.reason, 'unplugged');
  t.is(told.filter((line) => line.startsWith('radio')).length, 4);
});

test('a radio that is not up is a warning with its fix, each trouble once until it is up', async (t) => {
  const radio = new FakeRadio('retrying');
  radio.standing = { ok: false, detail: '', fix: 'plug it in' };
  const lines: string[] = [];
  const write = (level: string) => (message: string, fields?: object) =>
    void lines.push([level, message, ...Object.values(fields ?? {})].join(' | '));
  const log = { ...silentLog(), info: write('info'), warn: write('warn') };
  const { runner } = world([radio], undefined, log);
  await runner.start();
  radio.events?.condition('retrying', 'as told');
  radio.events?.condition('retrying', 'not permitted');
  radio.events?.condition('retrying', 'as told');
  radio.events?.condition('up', 'no answer yet');
  radio.events?.condition('retrying', 'as told');
  await runner.stop();
  radio.events?.condition('down', 'closed');
  t.deepEqual(lines, [
    'warn | radio memory is retrying | as told | plug it in',
    'warn | radio memory is retrying | not permitted | plug it in',
    'info | radio memory is up',
    'warn | radio memory is retrying | as told | plug it in',
    'info | radio memory is down | closed',
  ]);
});

test('after the stop nothing is heard, timed or sent', async (t) => {
  const radio = new FakeRadio();
  const { clock, engine, runner } = world([radio]);
  engine.deadline = 100;
  await runner.start();
  const before = engine.inputs.length;
  await runner.stop();
  t.true(radio.closed);
  radio.events?.heard([]);
  runner.submit({ kind: 'tick' });
  clock.advance(120_000);
  t.is(engine.inputs.length, before);
});

test('a frame for which a radio has no room is given back to the engine, once the step is over', (t) => {
  const radio = new FakeRadio();
  const { engine, runner } = world([radio]);
  const results = ['full', 'down', 'queued'] as const;
  let sends = 0;
  radio.send = () => results[sends++] as 'queued';
  const given: unknown[] = [];
  engine.answer = (input) => {
    given.push(input);
    if (input.kind !== 'tick') return [];
    return [1, 2, 3].map((n) => ({ kind: 'transmit' as const, radio: 0, to: `to ${n}`, frame: bytes }));
  };
  runner.submit({ kind: 'tick' });
  t.is(sends, 3);
  t.deepEqual(given, [{ kind: 'tick' }, { kind: 'refused', radio: 0, to: 'to 1', frame: bytes }]);
});

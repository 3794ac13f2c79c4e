import test from 'ava';
import type { MessageId } from '../../core/ids.js';
import { Priority } from '../../wire/frame-types.js';
import type { SentMessage } from '../observer.js';
import { World } from '../world.js';
import { DeliveryChecker } from './deliveries.js';
import { Findings } from './findings.js';

const BODY = Uint8Array.of(1, 2, 3);

/** A checker that knows of one message, from node 0 to node 1 of a running pair. */
function checked() {
  const world = new World({ seed: 1, nodes: 3, carriers: [{ pairs: [[0, 1]] }] });
  world.start();
  const findings = new Findings();
  const checker = new DeliveryChecker(world, findings);
  const { id, sequence } = world.node(0).mesh.reserve();
  const message: SentMessage = {
    ...{ id, from: 0, to: 1, at: 0, ack: true, priority: Priority.Medium, timeoutMs: 30_000, body: BODY },
  };
  checker.sent(message);
  const arrives = (at: number, body = BODY, as: MessageId = id): number => {
    const source = world.node(0).id;
    const more = { saltHint: 0, sequence, priority: Priority.Medium, hops: 1, directed: true };
    const delivered = { id: as, body, source, ...more } as unknown as Parameters<DeliveryChecker['delivered']>[1];
    checker.delivered(world.node(at), delivered, 1);
    return findings.total;
  };
  const ends = (outcome: 'delivered' | 'expired'): number => {
    checker.outcome(world.node(0), id, outcome, 2);
    return findings.total;
  };
  const restart = (index: number): void => {
    world.crash(index);
    world.start(index);
  };
  return { arrives, ends, restart };
}

test('a message that arrives once and is then said to be delivered is as it should be', (t) => {
  const { arrives, ends } = checked();
  t.is(arrives(1), 0);
  t.is(ends('delivered'), 0);
});

test('what arrives twice in one life, changed, at another node or unsent is found, each time', (t) => {
  const { arrives, restart } = checked();
  t.is(arrives(1), 0);
  t.is(arrives(1), 1, 'twice');
  restart(1);
  t.is(arrives(1), 1, 'another life may be given it again');
  t.is(arrives(2), 2, 'at another');
  restart(1);
  t.is(arrives(1, Uint8Array.of(1, 2, 4)), 3, 'changed');
  t.is(arrives(1, BODY, `${'0'.repeat(28)}` as MessageId), 4, 'unsent');
});

test('what is said to be delivered and is not is found', (t) => {
  t.is(checked().ends('delivered'), 1);
});

test('an outcome is told once in a life; the next one may tell the same again, and no other', (t) => {
  const { arrives, ends, restart } = checked();
  arrives(1);
  t.is(ends('delivered'), 0);
  restart(0);
  t.is(ends('delivered'), 0, 'it did not know that it had been told');
  t.is(ends('delivered'), 1, 'and now it does');
  restart(0);
  t.is(ends('expired'), 2);
});

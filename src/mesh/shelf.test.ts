import test from 'ava';
import { Limit } from '../core/limits.js';
import { createMemoryStore } from '../storage/memory.js';
import { at, nodeNamed, testContext } from '../testing/builders.js';
import { FrameType, Priority } from '../wire/frame-types.js';
import { messageIdFor } from './delivery.js';
import type { KeepLog } from './keep-log.js';
import { type Receipts, Said } from './receipts.js';
import { Shelf } from './shelf.js';

test('a keeper remembers how so many keepings ended; the oldest is forgotten', (t) => {
  const [origin, to] = [nodeNamed(3), nodeNamed(0xf)];
  const log = { later: () => {} } as unknown as KeepLog;
  const shelf = new Shelf(testContext(), createMemoryStore(), log, { add: () => {} } as unknown as Receipts);
  const idOf = (i: number) => messageIdFor(origin, 7, i);
  const about = { origin, to, type: FrameType.Message, priority: Priority.High, lifeMs: 500, madeAtMs: 0 };
  for (let i = 0; i <= Limit.PartedParcels; i++) {
    const view = { ...about, id: idOf(i), body: new Uint8Array(1) };
    const item = shelf.add(view, { memory: undefined, own: false, ageMs: 0 }, at(i));
    t.is(shelf.parted(item.id), undefined);
    shelf.say(item, Said.Expired, '', at(i + 500));
    shelf.drop(item, at(i + 500));
  }
  t.is(shelf.parted(idOf(0)), undefined);
  const last = { origin, to, priority: Priority.High, what: Said.Expired, partedAt: Limit.PartedParcels + 500 };
  t.like(shelf.parted(idOf(Limit.PartedParcels)), last);
  t.is(shelf.parted(idOf(1))?.bornAt, 1);
});

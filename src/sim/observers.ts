import type { Observer } from './observer.js';

type Watching<Hook extends keyof Observer> = Observer & Required<Pick<Observer, Hook>>;

/** All who watch a world; those of what happens at every step are at hand, for they are asked millions of times. */
export class Observers implements Iterable<Observer> {
  readonly stepped: Watching<'stepped'>[] = [];
  readonly rested: Watching<'rested'>[] = [];
  readonly transmitted: Watching<'transmitted'>[] = [];
  readonly #all: Observer[] = [];

  add(observer: Observer): void {
    this.#all.push(observer);
    if (observer.stepped) this.stepped.push(observer as Watching<'stepped'>);
    if (observer.rested) this.rested.push(observer as Watching<'rested'>);
    if (observer.transmitted) this.transmitted.push(observer as Watching<'transmitted'>);
  }

  [Symbol.iterator](): Iterator<Observer> {
    return this.#all.values();
  }
}

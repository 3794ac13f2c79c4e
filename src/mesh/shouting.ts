import { buildFrame, relayCopy } from '../wire/frame.js';
import { FIRST_FAR_TYPE, Priority } from '../wire/frame-types.js';
import { Flag, type Header, overheadBytes, readHeader } from '../wire/header.js';
import type { MeshContext, Outgoing } from './types.js';

/** Whether a frame is for shouting: urgent, for everybody, whole. */
export const isUrgent = ({ type, flags, priority, destination, fragment }: Header): boolean =>
  priority <= Priority.High &&
  type >= FIRST_FAR_TYPE &&
  destination === undefined &&
  fragment === undefined &&
  (flags & Flag.Signed) === 0;

/** Says what is urgent and short also to those in earshot without a link, over carriers that can. */
export class Shouting {
  readonly #context: MeshContext;

  constructor(context: MeshContext) {
    this.#context = context;
  }

  /** A message of ours, or a frame as it came; once for each. */
  shout(what: Uint8Array | Outgoing): void {
    const header = what instanceof Uint8Array ? readHeader(what) : what.header;
    if (!isUrgent(header)) return;
    const { counters, tagKey, carriers, emit } = this.#context;
    const bytes = what instanceof Uint8Array ? what.length : what.payload.length + overheadBytes(0);
    let frame: Uint8Array | undefined;
    for (const { index, up, traits } of carriers.values()) {
      if (!up || traits.shoutBytes === undefined || bytes > traits.shoutBytes) continue;
      frame ??= what instanceof Uint8Array ? relayCopy(what, tagKey) : buildFrame(what.header, what.payload, tagKey);
      counters.flood.shouted++;
      emit({ kind: 'transmit', radio: index, frame });
    }
  }
}

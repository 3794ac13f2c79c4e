import { BODY_BYTES_IN_FLIGHT, REQUESTS_IN_FLIGHT } from './limits.js';
import { BusyError } from './problem.js';

/** What one request holds of the server; `release` may be called more than once. */
export interface Share {
  /** Claims bytes of body. Throws BusyError when bodies in flight would pass their limit. */
  claim(bytes: number): void;
  release(): void;
}

/** How much the server is doing at once; refuses beyond its limits instead of growing. */
export class Load {
  #requests = 0;
  #bytes = 0;

  get requests(): number {
    return this.#requests;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws BusyError when too many requests are in flight. */
  enter(): Share {
    if (this.#requests >= REQUESTS_IN_FLIGHT) {
      throw new BusyError('request.busy', `${REQUESTS_IN_FLIGHT} requests are in flight (limit ${REQUESTS_IN_FLIGHT})`);
    }
    this.#requests++;
    let held = 0;
    let open = true;
    return {
      claim: (bytes) => {
        if (!open) return;
        if (this.#bytes + bytes > BODY_BYTES_IN_FLIGHT) {
          throw new BusyError(
            'request.busy.bytes',
            `bodies in flight would hold more than ${BODY_BYTES_IN_FLIGHT} bytes (limit ${BODY_BYTES_IN_FLIGHT})`,
          );
        }
        this.#bytes += bytes;
        held += bytes;
      },
      release: () => {
        if (!open) return;
        open = false;
        this.#requests--;
        this.#bytes -= held;
      },
    };
  }
}

import { type AdapterSpec, adapterName, type ControllerPort, parseAdapters } from './controller-port.js';
import { createPort } from './ports.js';
import { listAdapters } from './user-channel-port.js';

/** A way to one controller. */
export interface Way {
  /** For people. */
  readonly name: string;
  /** A new port for each try. */
  port(): ControllerPort;
}

/** The controllers a radio may use. */
export interface Ways {
  readonly first: Way;
  /** Asked for beside the first: that one dials, this one is dialled. */
  readonly second?: Way;
  /** What there is beside the first, for when that cannot take both roles; asked for when it shows. */
  spares(): readonly Way[];
}

const wayTo = (adapter: AdapterSpec): Way => ({ name: adapterName(adapter), port: () => createPort(adapter) });

/** By what stands after `ble:`; with nothing there, the kernel's first adapter, and its others as spares. Throws EdgeError `radio.ble.adapter`. */
export function waysTo(text: string | undefined): Ways {
  const [first, second] = parseAdapters(text);
  if (first === undefined) {
    const kernels = (): Way[] => listAdapters().map((index) => wayTo({ kind: 'hci', index }));
    return { first: wayTo({ kind: 'hci', index: undefined }), spares: () => kernels().slice(1) };
  }
  return { first: wayTo(first), ...(second !== undefined && { second: wayTo(second) }), spares: () => [] };
}

import type { NodeId } from '../core/ids.js';
import type { TraceReport } from '../mesh/trace-steps.js';
import type { TraceRequest, TraceResult } from '../services/trace/path.js';
import type { TraceMesh } from '../services/trace/trace-mesh.js';
import { Tracer } from '../services/trace/tracer.js';
import type { World } from './world.js';

const SLICE_MS = 5;

/** Traces from a simulated node, and lets the world go on until each is done. */
export function simTracer(world: World, index: number) {
  const listeners = new Set<(token: string, report: TraceReport) => void>();
  world.watch({
    trace: (node, { token, report }) => {
      if (node.index === index) for (const listener of listeners) listener(token, report);
    },
  });
  const node = world.node(index);
  const mesh: TraceMesh = {
    self: node.id,
    knows: (other) => node.mesh.peers.lastSeen(other) !== undefined,
    lastSeenAt: (other) => node.mesh.peers.lastSeen(other)?.wall,
    nameOf: (other: NodeId) => `n${world.indexOf(other)}`,
    waysTo: (other) => node.mesh.routing.waysTo(other, { mono: world.now, wall: node.wall() }),
    probe: (token, to, via) => node.submit({ kind: 'trace', token, to, ...(via && { via }) }),
    onTrace: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const tracer = new Tracer(mesh, world.clock, world.crypto);
  const trace = async (to: number, request: Omit<TraceRequest, 'to'> = {}): Promise<TraceResult> => {
    let result: TraceResult | undefined;
    let failed: unknown;
    tracer.trace({ to: world.node(to).id, ...request }).then(
      (done) => {
        result = done;
      },
      (error: unknown) => {
        failed = error;
      },
    );
    while (result === undefined && failed === undefined) await world.run(SLICE_MS);
    if (result) return result;
    throw failed;
  };
  return { tracer, trace };
}

import type { NodeId } from '../core/ids.js';
import type { Mesh } from '../mesh/mesh.js';
import type { TraceReport } from '../mesh/trace-steps.js';
import type { TraceMesh } from '../services/trace/trace-mesh.js';
import type { Runner } from './runner.js';
import { agentStopped } from './stopped.js';

/** The tracer's door to the mesh. */
export class RunnerTrace implements TraceMesh {
  readonly self: NodeId;
  readonly #mesh: Mesh;
  readonly #ownName: string;
  readonly #listeners = new Set<(token: string, report: TraceReport) => void>();
  #runner: Runner | undefined;

  constructor(mesh: Mesh, ownName: string) {
    this.self = mesh.context.self.id;
    this.#mesh = mesh;
    this.#ownName = ownName;
  }

  connect(runner: Runner): void {
    this.#runner = runner;
  }

  knows(node: NodeId): boolean {
    return this.#mesh.peers.lastSeen(node) !== undefined;
  }

  lastSeenAt(node: NodeId): number | undefined {
    const seen = this.#mesh.peers.lastSeen(node);
    const now = this.#running().now();
    const heard = this.#mesh.links.upTo(node).map(({ lastHeard }) => lastHeard.mono);
    return seen && Math.floor(now.wall - (now.mono - Math.max(seen.mono, ...heard)));
  }

  nameOf(node: NodeId): string {
    return node === this.self ? this.#ownName : (this.#mesh.states.get(node)?.name ?? '');
  }

  waysTo(node: NodeId): readonly NodeId[] {
    return this.#mesh.routing.waysTo(node, this.#running().now());
  }

  probe(token: string, to: NodeId, via?: NodeId): void {
    this.#running().submit({ kind: 'trace', token, to, ...(via !== undefined && { via }) });
  }

  onTrace(listener: (token: string, report: TraceReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  report(token: string, report: TraceReport): void {
    for (const listener of this.#listeners) listener(token, report);
  }

  #running(): Runner {
    if (this.#runner && !this.#runner.stopped) return this.#runner;
    throw agentStopped();
  }
}

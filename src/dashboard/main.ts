import type {
  AlertView,
  DetectionRow,
  EventViews,
  PeerView,
  RouteRow,
  StateView,
  StatisticsView,
  StatusView,
} from '../http/views.js';
import { ApiError, follow, get, setToken } from './api.js';
import { after, wallMs } from './clock.js';
import { byId, show, syncList } from './dom.js';
import { timeOf } from './format.js';
import { drawGraph, legendOf } from './graph.js';
import {
  alertItem,
  type DetectionLine,
  detectionsTable,
  factsOf,
  nodesTable,
  radiosTable,
  refusedTable,
} from './panels.js';
import type { StreamEvent } from './sse.js';

const DETECTIONS_SHOWN = 12;
const ALERTS_SHOWN = 20;
/** Counters have no events: they are asked for this often, and everything else at most once in `SETTLE_MS`. */
const POLL_MS = 5_000;
const SETTLE_MS = 700;

const model: {
  status?: StatusView;
  statistics?: StatisticsView;
  own: StateView | null;
  peers: readonly PeerView[];
  routes: readonly RouteRow[];
  detections: DetectionLine[];
  alerts: AlertView[];
  updatedAt: number;
} = { own: null, peers: [], routes: [], detections: [], alerts: [], updatedAt: 0 };

let drawing = false;
let loading = false;
let wanted = false;

/** Draws once for however many changes came since the last frame. */
function draw(): void {
  if (drawing) return;
  drawing = true;
  window.requestAnimationFrame(() => {
    drawing = false;
    render();
  });
}

function render(): void {
  const { status, statistics, own, peers, routes } = model;
  if (status === undefined) return;
  const now = wallMs();
  const names = new Map([[status.nodeId, status.name], ...peers.map((peer) => [peer.nodeId, peer.name] as const)]);
  document.title = `${status.name} – edge-agent`;
  byId('name').textContent = status.name;
  byId('identity').textContent = `node ${status.nodeId} · mesh ${status.mesh.name}`;
  byId('version').textContent = `edge-agent ${status.version}`;
  byId('open-mesh').hidden = !status.mesh.open;
  byId('storage').hidden = status.storage.condition === 'ok';
  byId('storage').textContent =
    `Storage ${status.storage.condition}: ${status.storage.reason ?? 'nothing more is kept'}`;
  byId('facts').replaceChildren(...factsOf(status, statistics, now));
  const { picture, kinds } = drawGraph(status, peers, routes);
  show('graph', picture);
  byId('legend').replaceChildren(...legendOf(kinds));
  byId('nodes-count').textContent = `${status.peers.alive + 1} alive, ${peers.length + 1} known`;
  show('nodes-table', nodesTable(status, own, peers, now));
  show('radios-table', radiosTable(status));
  show('detections-table', detectionsTable(model.detections, names, now));
  if (statistics !== undefined) show('refused-table', refusedTable(statistics));
  byId('alerts-count').textContent = model.alerts.length === 0 ? '' : `last ${model.alerts.length}`;
  byId('no-alerts').hidden = model.alerts.length > 0;
  syncList(
    byId('alerts'),
    model.alerts.map((alert) => ({ id: alert.alertId, make: () => alertItem(alert, names) })),
  );
}

/** Asks for everything that has no event of its own; calls while one runs are served by one more after it. */
async function load(): Promise<void> {
  if (loading) {
    wanted = true;
    return;
  }
  loading = true;
  try {
    const [status, statistics, state, { peers }, { routes }] = await Promise.all([
      get<StatusView>('status'),
      get<StatisticsView>('statistics'),
      get<{ nodes: Record<string, StateView> }>('state'),
      get<{ peers: PeerView[] }>('peers'),
      get<{ routes: RouteRow[] }>('routes'),
    ]);
    const own = state.nodes[status.nodeId] ?? null;
    Object.assign(model, { status, statistics, own, peers, routes, updatedAt: wallMs() });
    draw();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) askForToken('');
  } finally {
    loading = false;
    if (wanted) {
      wanted = false;
      after(SETTLE_MS, () => void load());
    }
  }
}

async function loadLists(): Promise<void> {
  try {
    const [{ detections }, { alerts }] = await Promise.all([
      get<{ detections: DetectionRow[] }>(`detections?limit=${DETECTIONS_SHOWN}`),
      get<{ alerts: AlertView[] }>(`alerts?limit=${ALERTS_SHOWN}`),
    ]);
    Object.assign(model, { detections, alerts });
    draw();
  } catch {
    // The stream tells of a lost connection, and what was shown stays until it is back.
  }
}

function take({ event, data }: StreamEvent): void {
  const payload: unknown = JSON.parse(data);
  if (event === 'detection') takeDetection(payload as EventViews['detection']);
  else if (event === 'alert') {
    model.alerts = [payload as AlertView, ...model.alerts].slice(0, ALERTS_SHOWN);
    draw();
  } else if (event === 'gap') {
    void loadLists();
    void load();
  } else void load();
}

function takeDetection(change: EventViews['detection']): void {
  const others = model.detections.filter((line) => line.hash !== change.hash || line.node !== change.node);
  model.detections = (change.change === 'erased' ? others : [change, ...others]).slice(0, DETECTIONS_SHOWN);
  draw();
}

function showConnection(state: 'live' | 'lost', lost = ''): void {
  const pill = byId('connection');
  pill.dataset.state = state;
  pill.textContent = state === 'live' ? 'Live' : 'Connection lost';
  byId('main').dataset.stale = String(state === 'lost');
  byId('lost').hidden = state === 'live';
  byId('lost').textContent = lost;
}

function lostText(retryMs: number): string {
  const since = model.updatedAt === 0 ? '' : ` What you see is from ${timeOf(model.updatedAt)}.`;
  return `Connection to the agent lost. Trying again in ${Math.round(retryMs / 1000)} s.${since}`;
}

function askForToken(fault: string): void {
  byId('token-form').hidden = false;
  byId('main').hidden = true;
  byId('token-fault').textContent = fault;
}

function start(): void {
  let refused = false;
  const connection = follow('events?types=peer,link,state,detection,alert,health', {
    live: () => {
      showConnection('live');
      byId('token-form').hidden = true;
      byId('main').hidden = false;
      void load();
      void loadLists();
    },
    event: take,
    lost: (error, retryMs) => {
      if (error instanceof ApiError && error.status === 401) {
        askForToken(refused ? 'The agent did not take this token.' : '');
        refused = false;
      }
      showConnection('lost', lostText(retryMs));
    },
  });
  byId('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    setToken((byId('token') as HTMLInputElement).value);
    refused = true;
    connection.retry();
  });
  window.addEventListener('online', () => connection.retry());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') connection.retry();
  });
  const poll = (): void => {
    if (document.visibilityState === 'visible' && byId('connection').dataset.state === 'live') void load();
    after(POLL_MS, poll);
  };
  after(POLL_MS, poll);
}

start();

import type * as Contract from '../agent/contract.js';
import type { RouteView } from '../agent/routes-contract.js';
import type { Statistics } from '../agent/statistics-contract.js';

/** The shapes a client of this API reads, for the dashboard, which may look at this room only. */
export type StatusView = Contract.Status;
export type PeerView = Contract.Peer;
export type RouteRow = RouteView;
export type StateView = Contract.NodeState;
export type DetectionRow = Contract.Detection;
export type AlertView = Contract.Alert;
export type StatisticsView = Statistics;
export type EventViews = Contract.AgentEvents;

import { REFUSAL_CODES } from './limits.js';

/** What the HTTP face counts of itself, as Prometheus text to stand below the agent's own. */
export class HttpCounters {
  readonly #answers = new Map<string, number>();
  readonly #refused = new Map<string, number>();

  answered(status: number): void {
    const group = `${Math.floor(status / 100)}xx`;
    this.#answers.set(group, (this.#answers.get(group) ?? 0) + 1);
  }

  refused(code: string): void {
    const key = this.#refused.has(code) || this.#refused.size < REFUSAL_CODES ? code : 'other';
    this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
  }

  text(gauges: {
    readonly requests: number;
    readonly bytes: number;
    readonly clients: number;
    readonly slow: number;
  }): string {
    return [
      '# HELP edge_agent_http_answers_total Answers of the HTTP face by status.',
      '# TYPE edge_agent_http_answers_total counter',
      ...[...this.#answers].map(([group, count]) => `edge_agent_http_answers_total{status="${group}"} ${count}`),
      '# HELP edge_agent_http_refused_total Requests refused, by problem code.',
      '# TYPE edge_agent_http_refused_total counter',
      ...[...this.#refused].map(([code, count]) => `edge_agent_http_refused_total{code="${code}"} ${count}`),
      '# HELP edge_agent_http_requests_in_flight Requests being handled.',
      '# TYPE edge_agent_http_requests_in_flight gauge',
      `edge_agent_http_requests_in_flight ${gauges.requests}`,
      '# HELP edge_agent_http_body_bytes_in_flight Bytes of bodies held.',
      '# TYPE edge_agent_http_body_bytes_in_flight gauge',
      `edge_agent_http_body_bytes_in_flight ${gauges.bytes}`,
      '# HELP edge_agent_http_event_clients Event streams open.',
      '# TYPE edge_agent_http_event_clients gauge',
      `edge_agent_http_event_clients ${gauges.clients}`,
      '# HELP edge_agent_http_event_clients_dropped_total Event clients disconnected for not reading.',
      '# TYPE edge_agent_http_event_clients_dropped_total counter',
      `edge_agent_http_event_clients_dropped_total ${gauges.slow}`,
      '',
    ].join('\n');
  }
}

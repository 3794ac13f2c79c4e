import { LOG_LEVELS } from '../../ports/log.js';

/** How a value is written in the environment and in the library's options. */
type KeyKind = 'text' | 'duration' | 'size' | 'count' | 'switch' | 'list' | 'tables';

export interface KeySpec {
  readonly kind: KeyKind;
  readonly what: string;
  /** What a good value looks like; ends the sentence "expected …". */
  readonly expected: string;
  readonly env?: string;
  /** The command line's flag, as a person writes it. */
  readonly flag?: string;
  /** As it would stand in the file; absent where the device decides or there is none. */
  readonly fallback?: unknown;
  /** Said instead of a value that has no fixed default. */
  readonly fallbackNote?: string;
  /** Never shown. */
  readonly secret?: true;
}

/** Every key of the configuration, by its path in the file. The schema, `explain` and the documentation follow this. */
export const KEYS = {
  name: {
    kind: 'text',
    what: 'The name people see for this node.',
    expected: '1 to 64 printable characters',
    env: 'EDGE_AGENT_NAME',
    flag: '--name',
    fallbackNote: "the host's name",
  },
  mesh: {
    kind: 'text',
    what: 'The mesh to be in; agents of another mesh on the same wire are not heard.',
    expected: '1 to 64 printable characters',
    env: 'EDGE_AGENT_MESH',
    flag: '--mesh',
    fallback: 'edge',
  },
  data_dir: {
    kind: 'text',
    what: 'Where identity, records and detections are kept.',
    expected: 'the path of a directory',
    env: 'EDGE_AGENT_DATA',
    flag: '--data',
    fallbackNote: '/var/lib/edge-agent as a systemd service, else ~/.local/state/edge-agent',
  },
  log_level: {
    kind: 'text',
    what: 'The least severe log lines that are written.',
    expected: `one of ${LOG_LEVELS.join(', ')}`,
    env: 'EDGE_AGENT_LOG_LEVEL',
    flag: '--log-level',
    fallback: 'info',
  },
  radios: {
    kind: 'list',
    what: 'The radios to use: `udp[:PORT][@IFACE]`, `ble[:ADAPTER[+ADAPTER]]`, `serial:PATH[@BAUD[+air[:BITS]][+duty:PERCENT]]`, `serial:auto`.',
    expected: 'a list of 1 to 8 radios, such as ["udp", "ble"]',
    env: 'EDGE_AGENT_RADIO',
    flag: '--radio',
    fallback: ['udp'],
  },
  'http.listen': {
    kind: 'text',
    what: 'Where the HTTP interface and the dashboard listen; port 0 takes a free one.',
    expected: '"HOST:PORT", such as "127.0.0.1:7070" or "[::1]:7070", or "off"',
    env: 'EDGE_AGENT_HTTP',
    flag: '--http',
    fallback: '127.0.0.1:7070',
  },
  'http.token': {
    kind: 'text',
    what: 'The bearer token callers must show; needed to listen on anything but loopback.',
    expected: '16 to 256 characters without spaces',
    env: 'EDGE_AGENT_TOKEN',
    fallbackNote: 'none',
    secret: true,
  },
  'http.token_file': {
    kind: 'text',
    what: 'A file that holds the token instead; only its owner should be able to read it.',
    expected: 'the path of a file',
    env: 'EDGE_AGENT_TOKEN_FILE',
    fallbackNote: 'none',
  },
  'mesh_timing.heartbeat_interval': {
    kind: 'duration',
    what: 'How often this node says that it is there.',
    expected: 'a duration with its unit from "100ms" to "1h", such as "5s"',
    env: 'EDGE_AGENT_HEARTBEAT_INTERVAL',
    fallback: '5s',
  },
  'mesh_timing.peer_timeout': {
    kind: 'duration',
    what: 'How long after its last sign of life a peer is shown offline.',
    expected: 'a duration with its unit from "300ms" to "1d", such as "30s"',
    env: 'EDGE_AGENT_PEER_TIMEOUT',
    fallback: '30s',
  },
  'mesh_timing.forget_after': {
    kind: 'duration',
    what: 'How long after its last sign of life a peer is forgotten.',
    expected: 'a duration with its unit from "1s" to "365d", such as "24h"',
    env: 'EDGE_AGENT_FORGET_AFTER',
    fallback: '24h',
  },
  'limits.peers': {
    kind: 'count',
    what: 'Most neighbours at a time; a further one is left out until one goes.',
    expected: 'a whole number from 1 to 10000',
    env: 'EDGE_AGENT_PEER_LIMIT',
    fallback: 100,
  },
  'limits.links': {
    kind: 'count',
    what: 'Most links over one network radio (BLE has as many as its controller); who is heard by others makes room for who is not.',
    expected: 'a whole number from 4 to 250',
    env: 'EDGE_AGENT_LINK_LIMIT',
    fallback: 100,
  },
  'limits.segment': {
    kind: 'count',
    what: 'Nodes that all know all of each other; a mesh of more is one of several segments (docs/mesh.md).',
    expected: 'a whole number from 8 to 1000',
    env: 'EDGE_AGENT_SEGMENT_LIMIT',
    fallback: 100,
  },
  'limits.dedup_capacity': {
    kind: 'count',
    what: 'Message ids remembered to drop duplicates; the oldest goes first.',
    expected: 'a whole number from 100 to 10000000',
    env: 'EDGE_AGENT_DEDUP_CAPACITY',
    fallback: 10_000,
  },
  'limits.detections': {
    kind: 'count',
    what: 'Most detections held on this node, its own and copies.',
    expected: 'a whole number from 1 to 10000000',
    env: 'EDGE_AGENT_DETECTION_LIMIT',
    fallback: 100_000,
  },
  'limits.detection_bytes': {
    kind: 'size',
    what: 'Most disk space for detections, within `limits.store`.',
    expected: 'a size with its unit from "1MiB" to "1TiB", such as "512MiB"',
    env: 'EDGE_AGENT_DETECTION_BYTES',
    fallback: '1GiB',
  },
  'limits.store': {
    kind: 'size',
    what: 'Most disk space for everything in the data directory.',
    expected: 'a size with its unit from "16MiB" to "1TiB", such as "2GiB"',
    env: 'EDGE_AGENT_STORE_LIMIT',
    fallback: '2GiB',
  },
  'detections.retention': {
    kind: 'duration',
    what: 'How long a detection is kept when its author sets no expiry.',
    expected: 'a duration with its unit from "1m" to "90d", such as "30d"',
    env: 'EDGE_AGENT_DETECTION_RETENTION',
    fallback: '30d',
  },
  'detections.share_vectors': {
    kind: 'switch',
    what: 'Whether sketches and int8 vectors travel in an open mesh; they can tell who a person is.',
    expected: 'true or false',
    env: 'EDGE_AGENT_SHARE_VECTORS',
    fallback: true,
  },
  'sensors.enabled': {
    kind: 'switch',
    what: "Whether the device's own sensors (CPU, memory, battery, temperature, disk) are read.",
    expected: 'true or false',
    env: 'EDGE_AGENT_SENSORS',
    fallback: true,
  },
  'sensors.interval': {
    kind: 'duration',
    what: 'How often they are read.',
    expected: 'a duration with its unit from "1s" to "1h", such as "10s"',
    env: 'EDGE_AGENT_SENSOR_INTERVAL',
    fallback: '10s',
  },
  'clock.trusted': {
    kind: 'switch',
    what: "Whether this device's clock is worth believing once it was set; false where it always comes up wrong.",
    expected: 'true or false',
    env: 'EDGE_AGENT_CLOCK_TRUSTED',
    fallback: true,
  },
  spaces: {
    kind: 'tables',
    what: 'The embedding spaces this node takes: vectors of different spaces never meet.',
    expected: '1 to 16 tables [[spaces]], each with a name and a dimension (4 to 4096, a multiple of 4)',
    fallback: [{ name: 'default', dimension: 512 }],
  },
  'peers.static': {
    kind: 'list',
    what: 'Addresses that are tried until an agent answers there, beside the discovered ones.',
    expected: 'a list of at most 100 addresses, such as ["10.0.0.7:9999", "[fe80::1%eth0]:9999"]',
    env: 'EDGE_AGENT_PEERS',
    fallback: [],
  },
  'ble.urgent_adverts': {
    kind: 'switch',
    what: 'Whether short urgent messages are also said in BLE adverts, for neighbours to whom there is no link.',
    expected: 'true or false',
    env: 'EDGE_AGENT_BLE_URGENT_ADVERTS',
    fallback: true,
  },
  'udp.dns_sd': {
    kind: 'switch',
    what: 'Whether the agent shows itself by DNS-SD (`_edge-agent._udp`).',
    expected: 'true or false',
    env: 'EDGE_AGENT_DNS_SD',
    fallback: true,
  },
  'udp.data_port': {
    kind: 'count',
    what: "The agent's own UDP port, to open in a firewall; 0 takes a free one.",
    expected: 'a port from 0 to 65535',
    env: 'EDGE_AGENT_UDP_DATA_PORT',
    fallback: 0,
  },
} as const satisfies Readonly<Record<string, KeySpec>>;

export type KeyPath = keyof typeof KEYS;

export const KEY_PATHS = Object.keys(KEYS) as readonly KeyPath[];

export const keySpec = (path: KeyPath): KeySpec => KEYS[path];

/** Read by other parts of the program, so not unknown. */
export const OTHER_ENVIRONMENT = [
  'EDGE_AGENT_CONFIG',
  'EDGE_AGENT_URL',
  'EDGE_AGENT_HOT_PATH',
  'EDGE_AGENT_ISA',
  'EDGE_AGENT_DEBUG',
] as const;

const camel = (text: string): string => text.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The path of a key in the library's options: camel case, with the unit last: `meshTiming.heartbeatIntervalMs`. */
export function optionPath(path: KeyPath): string {
  const name = camel(path);
  const kind: KeyKind = KEYS[path].kind;
  if (kind === 'duration') return `${name}Ms`;
  if (kind === 'size' && !name.endsWith('Bytes')) return `${name}Bytes`;
  return name;
}

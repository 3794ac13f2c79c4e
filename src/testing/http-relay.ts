import { connect, createServer } from 'node:net';

/**
 * Leads from a Unix socket, which has no network namespace, to a port of this namespace's loopback: so a test outside
 * speaks to an agent inside. Ends with its input.
 */
const { socket, port } = JSON.parse(process.argv[2] ?? '{}') as { socket: string; port: number };
const server = createServer((client) => {
  const agent = connect(port, '127.0.0.1');
  client.on('error', () => agent.destroy());
  agent.on('error', () => client.destroy());
  client.pipe(agent).pipe(client);
});
server.listen(socket, () => process.stdout.write('{"listening":true}\n'));
process.stdin.resume().on('end', () => process.exit(0));

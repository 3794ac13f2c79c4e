import type { Agent } from './agent/agent.js';
import type { Config, ConfigOptions } from './agent/config.js';

export type { Agent } from './agent/agent.js';
export type { Config, ConfigOptions } from './agent/config.js';
export type * from './agent/contract.js';
export type * from './agent/routes-contract.js';
export type * from './agent/story-contract.js';
export { EdgeError } from './core/errors.js';

/** Either parts of a configuration over the defaults, or a whole one as `loadConfig` gives it. */
export type AgentOptions = ConfigOptions | { readonly config: Config };

/**
 * An agent, ready to `start()`. Its data directory is open and locked and its identity loaded; nothing is sent yet.
 * Throws EdgeErrors: `config.*`, `data.*`, `identity.*`, `store.*`, `radio.*`.
 */
export async function createAgent(options: AgentOptions = {}): Promise<Agent> {
  const { composeAgent } = await import('./agent/compose.js');
  return composeAgent(await configOf(options), async (agent, config, log) => {
    const { listen, token } = config.http;
    if (!listen) return undefined;
    const { createHttpServer } = await import('./http/server.js');
    return createHttpServer({
      agent,
      host: listen.host,
      port: listen.port,
      ...(token !== undefined && { token }),
      log,
    });
  });
}

async function configOf(options: AgentOptions): Promise<Config> {
  if ('config' in options) return options.config;
  const { loadConfig } = await import('./agent/config.js');
  return loadConfig({ options }).config;
}

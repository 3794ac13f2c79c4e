import type { FastifyInstance } from 'fastify';
import { EdgeError } from '../core/errors.js';
import { PAGE_POLICY, type PageFiles } from './page-files.js';

/** Serves the dashboard at `/`. Its files hold no data, so they need no token; what they fetch does. */
export async function addPage(app: FastifyInstance, files: PageFiles): Promise<void> {
  const names = await files.names();
  const serve = (url: string, name: string): void => {
    app.route({
      method: 'GET',
      url,
      config: { isPublic: true } as object,
      handler: async (request, reply) => {
        const file = await files.read(name);
        void reply.headers({ etag: file.etag, 'cache-control': 'no-cache', 'content-security-policy': PAGE_POLICY });
        if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
        return reply.type(file.mediaType).send(file.bytes);
      },
    });
  };
  for (const name of names) serve(`/${name}`, name);
  if (names.includes('index.html')) {
    serve('/', 'index.html');
    return;
  }
  app.get('/', { config: { isPublic: true } as object }, () => {
    throw new EdgeError('dashboard.absent', 'the dashboard is not built here; the API is under /api/v1', {
      status: 404,
      fix: 'build it: scripts/build',
    });
  });
}

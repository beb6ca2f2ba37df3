import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from './errors';

interface KnownRoute {
  readonly methods: readonly string[];
  readonly segments: readonly string[];
}

/**
 * Answers requests that no route takes: 404 for an unknown path, 405 for a known one with another method, and 204 for
 * OPTIONS, the last two with the path's methods in `allow`. Call it before routes are added.
 */
export function answerUnrouted(app: FastifyInstance): void {
  const routes: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    routes.push({ methods: [method].flat(), segments: url.split('/') });
  });
  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?')[0] ?? '';
    const segments = path.split('/');
    const methods = routes.filter((route) => matches(route, segments)).flatMap((route) => route.methods);
    if (methods.length === 0) throw new ApiError(404, `Invalid URL (${request.method} ${path})`);
    void reply.header('allow', [...new Set(methods), 'OPTIONS'].join(', '));
    if (request.method === 'OPTIONS') return reply.code(204).send();
    throw new ApiError(405, `Invalid method for URL (${request.method} ${path})`);
  });
}

function matches({ segments }: KnownRoute, path: readonly string[]): boolean {
  const fits = (segment: string, index: number): boolean => segment.startsWith(':') || segment === path[index];
  return segments.length === path.length && segments.every(fits);
}

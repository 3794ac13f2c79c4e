// The HTTP interface of one agent.
const TIMEOUT_MS = 30_000;

/** What an agent answered that is no success: a problem document (RFC 9457), or nothing at all. */
export class ApiError extends Error {
  constructor(what, status, code) {
    super(what);
    this.status = status;
    this.code = code;
  }
}

async function answerOf(response, what) {
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError(`${what}: ${response.status} ${text.slice(0, 200)}`, response.status);
  }
  if (response.ok) return body;
  throw new ApiError(
    `${what}: ${body.code ?? response.status} ${body.detail ?? body.title ?? ''}`,
    response.status,
    body.code,
  );
}

/** Calls to the agent at `url`: each takes a path under /api/v1 and answers the JSON, or throws ApiError. */
export function apiOf(url) {
  const call = async (method, path, body, type = 'application/json') => {
    const what = `${method} ${path}`;
    const init = { method, signal: AbortSignal.timeout(TIMEOUT_MS) };
    if (body !== undefined) {
      init.body = type === 'application/json' ? JSON.stringify(body) : body;
      init.headers = { 'content-type': type };
    }
    let response;
    try {
      response = await fetch(`${url}/api/v1/${path}`, init);
    } catch (error) {
      throw new ApiError(`${what}: ${error.cause?.code ?? error.message}`);
    }
    return answerOf(response, what);
  };
  return {
    url,
    get: (path) => call('GET', path),
    post: (path, body, type) => call('POST', path, body, type),
    patch: (path, body) => call('PATCH', path, body),
  };
}

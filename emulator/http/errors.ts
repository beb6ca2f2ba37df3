import { STATUS_CODES } from 'node:http';

/** An error that a client sees, in the shape of the OpenAI API: `{"error":{message,type,param,code}}`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
  readonly headers: Record<string, string>;

  constructor(
    readonly status: number,
    message: string,
    fields: { type?: string; param?: string; code?: string; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.type = fields.type ?? 'invalid_request_error';
    // A body that is wrong as a whole has no name.
    this.param = fields.param === '' ? null : (fields.param ?? null);
    this.code = fields.code ?? null;
    this.headers = fields.headers ?? {};
  }

  toBody(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}

/** 400 on one parameter; `param` is its path, such as `input[0].content`. */
export function badRequest(message: string, param?: string, code?: string): ApiError {
  return new ApiError(400, message, { param, code });
}

/** 404 for a stored object: `Response with id 'resp_…' not found.` */
export function notFound(what: string, id: string): ApiError {
  return new ApiError(404, `${what} with id '${id}' not found.`);
}

/** Thrown to answer with a page of HTML, as a proxy in between does. */
export class HtmlPage extends Error {
  override readonly name = 'HtmlPage';

  constructor(readonly status: number) {
    super(`An HTML page with status ${status}.`);
  }

  toBody(): string {
    const title = `${this.status} ${STATUS_CODES[this.status] ?? ''}`.trim();
    return `<html>\n<head><title>${title}</title></head>\n<body><center><h1>${title}</h1></center></body>\n</html>\n`;
  }
}

/** Thrown to cut the client's connection without an answer. */
export class DropConnection extends Error {
  override readonly name = 'DropConnection';
}

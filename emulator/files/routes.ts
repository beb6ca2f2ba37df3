import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Deps } from '../deps';
import { errorCode, errorMessage } from '../error-code';
import { badRequest } from '../http/errors';
import { pageOf, pageQuery, queryInteger } from '../http/page';
import { parseRequest } from '../http/validation';
import { newFileId } from '../ids';
import { del } from '../state';
import { findFile, isAlive } from './find';
import type { FileRecord } from './record';

const PURPOSES = ['assistants', 'batch', 'fine-tune', 'vision', 'user_data', 'evals'] as const;
const formSchema = z.object({
  purpose: z.enum(PURPOSES),
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': z.coerce.number().int().min(3600).max(2_592_000).optional(),
});
const idParams = z.object({ id: z.string().max(256) });
const listQuery = pageQuery.extend({
  limit: queryInteger(z.number().int().min(1).max(10_000)).default(10_000),
  purpose: z.string().optional(),
});

/** `/files` and what lies under it. */
export function fileRoutes(app: FastifyInstance, deps: Deps): void {
  const { store } = deps;
  const { files } = store.tables;

  app.post('/files', async (request) => {
    const record = await receiveUpload(deps, request);
    await files.put(record.id, record);
    return toWire(record);
  });

  app.get('/files', async (request) => {
    const query = parseRequest(listQuery, request.query);
    const now = deps.clock.now();
    const all = (await files.values().all()).filter((file) => isAlive(file, now));
    const wanted = all.filter((file) => query.purpose === undefined || file.purpose === query.purpose);
    return pageOf(wanted.toSorted((a, b) => a.createdAt - b.createdAt).map(toWire), query);
  });

  app.get('/files/:id', async (request) => toWire(await findFile(deps, parseRequest(idParams, request.params).id)));

  app.get('/files/:id/content', async (request, reply) => {
    const { id } = await findFile(deps, parseRequest(idParams, request.params).id);
    return reply.type('application/octet-stream').send(createReadStream(path.join(store.filesDir, id)));
  });

  app.delete('/files/:id', async (request) => {
    const { id } = await findFile(deps, parseRequest(idParams, request.params).id);
    await store.exclusive(async () => {
      const { texts, vectorStoreFiles } = store.tables;
      const keys = await vectorStoreFiles.keys().all();
      const memberships = keys.filter((key) => key.endsWith(`!${id}`));
      await store.write([del(files, id), del(texts, id), ...memberships.map((key) => del(vectorStoreFiles, key))]);
    });
    await rm(path.join(store.filesDir, id), { force: true });
    return { id, object: 'file', deleted: true };
  });
}

/** Writes the bytes under a temporary name first, so that a file with its final name is always whole. */
async function receiveUpload({ store, clock }: Deps, request: FastifyRequest): Promise<FileRecord> {
  if (!request.isMultipart()) {
    throw badRequest(
      "Invalid content type: expected 'multipart/form-data' with the parts 'file' and 'purpose'.",
      'file',
    );
  }
  const id = newFileId();
  const target = path.join(store.filesDir, id);
  const part = `${target}.part`;
  try {
    const { filename, fields } = await readForm(request, part);
    if (filename === undefined)
      throw badRequest("Missing required parameter: 'file'.", 'file', 'missing_required_parameter');
    const form = parseRequest(formSchema, fields);
    const createdAt = clock.now();
    const seconds = form['expires_after[seconds]'];
    const expiresAt = seconds === undefined ? null : createdAt + seconds * 1000;
    const { size: bytes } = await stat(part);
    await rename(part, target);
    return { id, createdAt, expiresAt, filename, purpose: form.purpose, bytes };
  } finally {
    await rm(part, { force: true });
  }
}

/** Reads a form, its file into `target`. Throws a 400 for a body that breaks off or is no form. */
async function readForm(
  request: FastifyRequest,
  target: string,
): Promise<{ filename: string | undefined; fields: Record<string, unknown> }> {
  const fields: Record<string, unknown> = {};
  let filename: string | undefined;
  try {
    for await (const field of request.parts()) {
      if (field.type === 'field') fields[field.fieldname] = field.value;
      else {
        filename = field.filename === '' ? 'upload' : field.filename;
        await pipeline(field.file, createWriteStream(target));
      }
    }
  } catch (error) {
    // Errors of the disk and of the form's limits carry a code; those of its syntax do not.
    throw errorCode(error) === undefined
      ? badRequest(`The form cannot be read: ${errorMessage(error)}.`, 'file')
      : error;
  }
  return { filename, fields };
}

interface FileObject extends Record<string, unknown> {
  id: string;
}

function toWire(file: FileRecord): FileObject {
  return {
    id: file.id,
    object: 'file',
    bytes: file.bytes,
    created_at: Math.floor(file.createdAt / 1000),
    expires_at: file.expiresAt === null ? null : Math.floor(file.expiresAt / 1000),
    filename: file.filename,
    purpose: file.purpose,
    status: 'processed',
    status_details: null,
  };
}

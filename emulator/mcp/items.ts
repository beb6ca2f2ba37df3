import { z } from 'zod';
import { badRequest } from '../http/errors';
import { newId } from '../ids';
import type { Item } from '../responses/record';
import type { CallResult, ListedTool } from './connection';

const listedTool = z.object({
  name: z.string(),
  description: z.string().nullable().catch(null),
  input_schema: z.unknown(),
  annotations: z.unknown().default(null),
});
const listItem = z.object({ server_label: z.string(), tools: z.array(listedTool), error: z.null().optional() });
const requestItem = z.object({ id: z.string(), server_label: z.string(), name: z.string(), arguments: z.string() });
const responseItem = z.object({ approval_request_id: z.string(), approve: z.boolean() });

/** A call that a person was asked about. */
export type ApprovalRequest = z.output<typeof requestItem>;

/** The tools of a server as an earlier item lists them, or undefined. */
export function listedTools(items: readonly Item[], label: string): ListedTool[] | undefined {
  const lists = items.filter((item) => item.type === 'mcp_list_tools' && item['server_label'] === label);
  const known = lists.map((item) => listItem.safeParse(item)).findLast((parsed) => parsed.success);
  return known?.data?.tools;
}

/** What a person decided in some items about requests that stand in `all`. */
export function decisions(
  items: readonly Item[],
  all: readonly Item[],
): { readonly request: ApprovalRequest; readonly approve: boolean }[] {
  const requests = new Map(all.filter(({ type }) => type === 'mcp_approval_request').map((item) => [item.id, item]));
  return items
    .filter(({ type }) => type === 'mcp_approval_response')
    .map((item) => responseItem.parse(item))
    .map(({ approval_request_id: id, approve }) => ({ request: requestItem.parse(requests.get(id)), approve }));
}

/** Each approval answers a request that stands before it, and no request is answered twice. Throws a 400. */
export function checkApprovals(items: readonly Item[]): void {
  const open = new Map<string, boolean>();
  for (const item of items) {
    if (item.type === 'mcp_approval_request') open.set(item.id, true);
    if (item.type !== 'mcp_approval_response') continue;
    const id = String(item['approval_request_id']);
    const state = open.get(id);
    if (state === undefined) throw badRequest(`No approval request found with id '${id}'.`, 'input');
    if (!state) throw badRequest(`Approval request with id '${id}' has already been answered.`, 'input');
    open.set(id, false);
  }
}

export function listToolsItem(label: string, tools: readonly ListedTool[], error: string | null): Item {
  return {
    id: newId('mcpl'),
    type: 'mcp_list_tools',
    server_label: label,
    tools,
    ...(error === null ? {} : { error }),
  };
}

export function approvalRequestItem(label: string, name: string, args: string): Item {
  return { id: newId('mcpr'), type: 'mcp_approval_request', arguments: args, name, server_label: label };
}

export function callItem(
  call: { label: string; name: string; args: string; approvalRequestId: string | null },
  { output, error }: CallResult,
): Item {
  return {
    id: newId('mcp'),
    type: 'mcp_call',
    approval_request_id: call.approvalRequestId,
    arguments: call.args,
    error,
    name: call.name,
    output,
    server_label: call.label,
    status: error === null ? 'completed' : 'failed',
  };
}

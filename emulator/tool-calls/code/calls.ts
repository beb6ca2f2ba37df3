import { newId } from '../../ids';
import type { Item } from '../../responses/record';
import type { Tool } from '../../responses/tool-schemas';
import type { Choice } from '../choice';
import { NO_TASK, programFor } from './program';

type CodeInterpreter = Extract<Tool, { container?: unknown }>;

/**
 * The call of the code interpreter that a request leads to: where something in the prompt can be computed, once for a
 * message of the user; where the choice leaves no other tool, always.
 */
export function codeCalls(choice: Choice, prompt: string, items: readonly Item[]): Item[] {
  const tool = choice.tools.find((candidate): candidate is CodeInterpreter => candidate.type === 'code_interpreter');
  if (tool === undefined) return [];
  const forced = choice.required && choice.tools.every(({ type }) => type === 'code_interpreter');
  const last = items.findLastIndex((item) => item['role'] === 'user');
  const wasRun = items.slice(last + 1).some(({ type }) => type === 'code_interpreter_call');
  const program = wasRun && !forced ? null : (programFor(prompt) ?? (forced ? NO_TASK : null));
  if (program === null) return [];
  return [
    {
      id: newId('ci'),
      type: 'code_interpreter_call',
      status: 'completed',
      code: program.code,
      container_id: containerOf(tool, items),
      outputs: [{ type: 'logs', logs: program.logs }],
    },
  ];
}

/** The container that the tool names, or the one that was used before, or a new one. */
function containerOf({ container }: CodeInterpreter, items: readonly Item[]): string {
  if (typeof container === 'string') return container;
  const before = items.findLast(({ type }) => type === 'code_interpreter_call')?.['container_id'];
  return typeof before === 'string' ? before : newId('cntr');
}

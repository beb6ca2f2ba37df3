import { z } from 'zod';
import { longText } from '../content';
import { callId, caller, id, itemStatus } from './fields';

/** Code, commands and patches that run somewhere. */
export const codeItems = [
  z.strictObject({
    type: z.literal('code_interpreter_call'),
    id,
    code: z.string().nullable(),
    container_id: z.string(),
    outputs: z.array(z.looseObject({ type: z.enum(['logs', 'image']) })).nullish(),
    status: z.enum(['in_progress', 'completed', 'incomplete', 'interpreting', 'failed']),
  }),
  z.strictObject({
    type: z.literal('local_shell_call'),
    id,
    call_id: callId,
    action: z.looseObject({ type: z.literal('exec'), command: z.array(z.string()) }),
    status: itemStatus,
  }),
  z.strictObject({
    type: z.literal('local_shell_call_output'),
    id,
    output: longText,
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('shell_call'),
    id: id.nullish(),
    call_id: callId,
    action: z.looseObject({ commands: z.array(z.string()) }),
    environment: z.looseObject({}).nullish(),
    caller,
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('shell_call_output'),
    id: id.nullish(),
    call_id: callId,
    output: z.array(
      z.strictObject({ stdout: z.string(), stderr: z.string(), outcome: z.looseObject({ type: z.string() }) }),
    ),
    max_output_length: z.number().int().nullish(),
    caller,
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('apply_patch_call'),
    id: id.nullish(),
    call_id: callId,
    operation: z.looseObject({ type: z.enum(['create_file', 'delete_file', 'update_file']), path: z.string() }),
    caller,
    status: z.enum(['in_progress', 'completed']),
  }),
  z.strictObject({
    type: z.literal('apply_patch_call_output'),
    id: id.nullish(),
    call_id: callId,
    output: z.string().nullish(),
    caller,
    status: z.enum(['completed', 'failed']),
  }),
  z.strictObject({ type: z.literal('program'), id, call_id: callId, code: z.string(), fingerprint: z.string() }),
  z.strictObject({
    type: z.literal('program_output'),
    id,
    call_id: callId,
    result: z.string(),
    status: z.enum(['completed', 'incomplete']),
  }),
] as const;

/** Screens and images. */
export const screenItems = [
  z.strictObject({
    type: z.literal('computer_call'),
    id,
    call_id: callId,
    action: z.looseObject({ type: z.string() }).nullish(),
    actions: z.array(z.looseObject({ type: z.string() })).nullish(),
    pending_safety_checks: z.array(z.looseObject({ id: z.string() })),
    status: itemStatus,
  }),
  z.strictObject({
    type: z.literal('computer_call_output'),
    id: id.nullish(),
    call_id: callId,
    output: z.looseObject({ type: z.literal('computer_screenshot') }),
    acknowledged_safety_checks: z.array(z.looseObject({ id: z.string() })).nullish(),
    status: itemStatus.nullish(),
  }),
  z.strictObject({
    type: z.literal('image_generation_call'),
    id,
    result: z.string().nullish(),
    status: z.enum(['in_progress', 'completed', 'generating', 'failed']),
    action: z.enum(['generate', 'edit', 'auto']).nullish(),
    background: z.enum(['transparent', 'opaque', 'auto']).nullish(),
    error: z.looseObject({}).nullish(),
    output_format: z.string().nullish(),
    quality: z.string().nullish(),
    revised_prompt: z.string().nullish(),
    size: z.string().nullish(),
    svg_usage: z.looseObject({}).nullish(),
  }),
] as const;

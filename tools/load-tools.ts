import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '../contract/configuration-error';
import { type Tool } from './define-tool';

/**
 * Tools that modules export, alone or in lists, each module as `require` finds it from a folder: a path, or a package.
 * @throws ConfigurationError for a module that cannot be loaded, or that exports no tool.
 */
export async function loadTools(modules: readonly string[], folder: string): Promise<Tool[]> {
  const loaded = await Promise.all(modules.map((name) => loadModule(name, folder)));
  // A default export of a CommonJS module is the module itself, so the same tool may be seen twice.
  return [...new Set(loaded.flat())];
}

async function loadModule(name: string, folder: string): Promise<Tool[]> {
  let exported: Record<string, unknown>;
  try {
    const path = createRequire(join(folder, 'package.json')).resolve(name);
    exported = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(
      `DURABLE_RESEARCH_TOOLS: "${name}" cannot be loaded from ${folder}: ${reason.split('\n')[0]}`,
      { cause: error },
    );
  }
  const tools = Object.values(exported).flatMap(toolsIn);
  if (tools.length > 0) return tools;
  throw new ConfigurationError(
    `DURABLE_RESEARCH_TOOLS: "${name}" exports no tool; expected what defineTool() returns, under any name`,
  );
}

/** An export may be a tool, a list of tools, or the module as a whole under the name "default". */
function toolsIn(value: unknown): Tool[] {
  if (isTool(value)) return [value];
  if (Array.isArray(value)) return value.filter(isTool);
  return isObject(value)
    ? Object.values(value)
        .flatMap((part) => (Array.isArray(part) ? part : [part]))
        .filter(isTool)
    : [];
}

/** By its shape: a module may have another copy of this package. */
function isTool(value: unknown): value is Tool {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['description'] === 'string' &&
    typeof value['execute'] === 'function' &&
    isObject(value['parameters']) &&
    typeof value['timeoutMs'] === 'number'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object';
}

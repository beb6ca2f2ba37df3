import { type Tool } from './define-tool';
import { type JsonSchema, strictParameters } from './strict-schema';

/** What models are told of a tool, as the API takes it. */
export type FunctionDefinition = {
  type: 'function';
  name: string;
  description: string;
  parameters: JsonSchema;
  strict: true;
};

/** A tool with what models are told of it. */
export interface RegisteredTool {
  tool: Tool;
  definition: FunctionDefinition;
}

/** The tools of a worker by their names. */
export type ToolRegistry = ReadonlyMap<string, RegisteredTool>;

/**
 * Registers tools.
 * @throws TypeError for a name that stands twice, and for arguments that the API's strict mode cannot express; it names
 * the tool and the field.
 */
export function registerTools(tools: readonly Tool[]): ToolRegistry {
  const registry = new Map<string, RegisteredTool>();
  for (const tool of tools) {
    if (registry.has(tool.name)) throw new TypeError(`tool "${tool.name}" is registered twice; names must be unique`);
    registry.set(tool.name, { tool, definition: definitionOf(tool) });
  }
  return registry;
}

function definitionOf(tool: Tool): FunctionDefinition {
  const { name, description } = tool;
  try {
    return { type: 'function', name, description, parameters: strictParameters(tool.parameters), strict: true };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TypeError(`tool "${name}": ${error.message}`, { cause: error });
  }
}

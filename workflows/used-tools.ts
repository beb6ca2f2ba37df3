import { type HostedMcpUse, type ToolUse } from '../contract/activities';
import { type PipelinePlan } from '../contract/pipeline';
import { type HostedTool } from '../contract/step';
import { type RunOptions } from './run';

/** Each tool that the worker has to have, and the first place that names it. */
export function usedTools({ input, steps }: PipelinePlan): Pick<RunOptions, 'tools' | 'hostedMcp'> {
  const uses = new Map<string, ToolUse>();
  const servers: HostedMcpUse[] = [];
  for (const [index, { tools = [] }] of steps.entries()) {
    const place = input.steps[index]?.tools ? ['steps', index] : ['defaults'];
    for (const [at, tool] of tools.entries()) {
      const path = [...place, 'tools', at];
      if (typeof tool === 'string' && !uses.has(tool)) uses.set(tool, { name: tool, path });
      if (typeof tool !== 'string' && tool.type === 'mcp') servers.push(hostedUse(tool, path));
    }
  }
  return { tools: [...uses.values()], hostedMcp: servers };
}

function hostedUse(tool: HostedTool, path: HostedMcpUse['path']): HostedMcpUse {
  const { server_url: url, connector_id: connector } = tool;
  return {
    label: String(tool['server_label']),
    ...(typeof url === 'string' && { server_url: url }),
    ...(typeof connector === 'string' && { connector_id: connector }),
    path,
  };
}

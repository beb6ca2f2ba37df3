import { type PipelineInput } from '../contract/pipeline';
import { type HostedTool, type Step } from '../contract/step';

/** The hosted tool that searches one vector store. */
function fileSearch(vectorStoreId: string): HostedTool {
  return { type: 'file_search', vector_store_ids: [vectorStoreId] };
}

/**
 * Every step may search the vector store, beside the tools it has. A `file_search` of its own gets the store as one more:
 * the API takes that tool once.
 */
export function withFileSearch(input: PipelineInput, vectorStoreId: string): PipelineInput {
  const inherited = input.defaults?.tools ?? [];
  const steps = input.steps.map((step): Step => ({
    ...step,
    tools: addSearch(step.tools ?? inherited, vectorStoreId),
  }));
  return { ...input, steps };
}

type Tools = NonNullable<Step['tools']>;

function addSearch(tools: Tools, vectorStoreId: string): Tools {
  const own = tools.findIndex((tool) => typeof tool !== 'string' && tool.type === 'file_search');
  if (own < 0) return [...tools, fileSearch(vectorStoreId)];
  return tools.map((tool, index) => {
    if (index !== own || typeof tool === 'string') return tool;
    const stores = tool['vector_store_ids'];
    return { ...tool, vector_store_ids: [...(Array.isArray(stores) ? stores : []), vectorStoreId] };
  });
}

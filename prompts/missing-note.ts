/**
 * What the model is told in place of a step that has no output. Marked, so that it is not taken for a source. A reason may
 * quote what a tool or a provider said, so it stands in quotes that it cannot end.
 */
export function missingNote({ stepId, reason }: { stepId: string; reason: string }): string {
  return `[Note of the research engine, not a source: step "${stepId}" has no output. What is known of it: ${JSON.stringify(reason)}]`;
}

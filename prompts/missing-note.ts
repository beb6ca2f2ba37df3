/** What the model is told in place of a step that has no output. Marked, so that it is not taken for a source. */
export function missingNote({ stepId, reason }: { stepId: string; reason: string }): string {
  return `[Note of the research engine, not a source: step "${stepId}" has no output. ${reason}]`;
}

/** What the model is told of an instruction that a person gave while the run was at work. Marked, and a message of its own. */
export function personInstruction(instruction: string): string {
  return `[Instruction of the person who follows this research, given while it was under way. Where it differs from what was asked before, it goes first.]\n\n${instruction}`;
}

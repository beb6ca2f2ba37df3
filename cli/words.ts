import { invocation } from './invocation';
import { isSimulated } from './provider-environment';
import { type Session, uiLink } from './session';
import { fitted, note, noteStyle } from './terminal';

/** What Ctrl-C says: the run is not this process. */
export function comeBack(workflowId: string): string {
  return `${workflowId} goes on without this window. Come back with: ${invocation(`resume ${workflowId}`)}`;
}

/** Names a run, its page and who answers, before anything is shown of it. */
export function announceRun(session: Session, workflowId: string): void {
  const style = noteStyle();
  const link = uiLink(session, workflowId);
  note(style('strong', workflowId));
  if (link !== undefined) note(style('quiet', link));
  const { stack } = session;
  if (stack && isSimulated(stack)) note(style('quiet', fitted(emulatorText(stack.provider.speed), process.stderr)));
  note('');
}

function emulatorText(speed: number | undefined): string {
  return `Offline emulator${speed === undefined ? '' : ` (speed ${speed})`}: no language model, it quotes texts; nothing is spent.`;
}

import { type RunHandle } from '../client';
import { supervisorLife } from '../local';
import { InterruptedError } from './errors';
import { type Interrupt } from './interrupt';
import { invocation } from './invocation';
import { startSession, type StartedSession } from './session';
import { note, noteStyle } from './terminal';
import { type Ending, watchRun } from './watch';

/**
 * Shows a run until its end. Local services that were killed meanwhile are started again, and the session is connected to
 * the new ones, as to those that another command has started; services that somebody has stopped stay so.
 * @throws InterruptedError on Ctrl-C; Error where the services were stopped.
 */
export async function followRun(session: StartedSession, run: RunHandle, interrupt: Interrupt): Promise<Ending> {
  const { message } = interrupt;
  for (;;) {
    const current = session.research.run(run.workflowId, run.runId);
    const ending = await watch(session, current, interrupt);
    if (ending !== 'services-gone') return ending;
    const life = supervisorLife(session.stack);
    if (life === 'ended') throw new Error(waits(run.workflowId, 'were stopped'));
    if (life === 'killed') {
      interrupt.message = waits(run.workflowId, 'were killed');
      note(noteStyle()('warn', 'The local services were killed. Starting them again.'));
    }
    await restart(session, interrupt);
    interrupt.message = message;
  }
}

async function watch(session: StartedSession, run: RunHandle, interrupt: Interrupt): Promise<Ending | 'services-gone'> {
  const life = (): ReturnType<typeof supervisorLife> => supervisorLife(session.stack);
  try {
    return await watchRun(run, interrupt, () => life() !== 'running');
  } catch (error) {
    const goesOn = life() === 'running' || life() === 'replaced';
    if (!(error instanceof InterruptedError) || goesOn) throw error;
    throw new InterruptedError(waits(run.workflowId, 'no longer run'));
  }
}

async function restart(session: StartedSession, interrupt: Interrupt): Promise<void> {
  const started = await startSession(interrupt);
  await session.close();
  Object.assign(session, started);
}

function waits(workflowId: string, why: string): string {
  return `The local services ${why}, and ${workflowId} waits. Go on with it: ${invocation(`resume ${workflowId}`)}`;
}

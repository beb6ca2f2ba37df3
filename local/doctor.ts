import { messageOf } from './errors';
import { checkDisk, checkHome, checkNode, checkPlatform, checkPrograms, checkProvider } from './doctor-machine';
import { checkSupervisor, checkTemporal } from './doctor-services';

/** One thing that the doctor looked at. */
export interface DoctorFinding {
  /** What was looked at. */
  name: string;
  /** `warn`: something works less well or later than it could; `fail`: a run cannot start. */
  status: 'ok' | 'warn' | 'fail';
  /** What was found there. */
  found: string;
  /** What to do about it. */
  todo?: string;
}

/** A check, and the name that its findings bear if it cannot be made at all. */
interface Check {
  name: string;
  look: (env: NodeJS.ProcessEnv, home: string) => DoctorFinding[] | Promise<DoctorFinding[]>;
}

const CHECKS: Check[] = [
  { name: 'Node', look: () => [checkNode(process.versions.node)] },
  { name: 'platform', look: () => [checkPlatform()] },
  { name: 'programs', look: () => [checkPrograms()] },
  { name: 'home', look: (_env, home) => [checkHome(home)] },
  { name: 'disk', look: (_env, home) => [checkDisk(home)] },
  { name: 'Temporal', look: (env) => checkTemporal(env) },
  { name: 'provider', look: async (env) => [await checkProvider(env)] },
  { name: 'supervisor', look: (_env, home) => [checkSupervisor(home)] },
];

/**
 * Looks at everything that a run needs, and changes nothing: Node, platform, home, disk, each way to a Temporal server,
 * provider, supervisor. Takes a few seconds at most where the network is slow.
 */
export async function doctor(env: NodeJS.ProcessEnv, home: string): Promise<DoctorFinding[]> {
  const findings = CHECKS.map(async ({ name, look }): Promise<DoctorFinding[]> => {
    try {
      return await look(env, home);
    } catch (error) {
      return [{ name, status: 'fail', found: messageOf(error) }];
    }
  });
  return (await Promise.all(findings)).flat();
}

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { type Cap } from '../contract/budget';
import { amount, exhausted, wholeAmount } from './budget-options';
import { type CodecServerOptions } from './commands/codec-server';
import { type GatewayOptions } from './commands/gateway';
import { type ListOptions } from './commands/list';
import { type ReplayOptions } from './commands/replay';
import { type RunOptions } from './commands/run';
import { type ResultOptions } from './conclude';
import { EXIT } from './exit-codes';
import { fairnessName, priorityKey, weight } from './priority-options';

/** The program, and the exit code of the command that ran. */
export interface Program {
  parse(argv: readonly string[]): Promise<number>;
}

const EXAMPLES = `
Examples:
  $ durable-research run "How does Raft differ from Paxos?"
  $ durable-research run "What do we say about retries?" --files ./docs --out answer.md
  $ durable-research run --pipeline examples/graph.json --id weekly --detach
  $ durable-research resume            go on with the newest open run, whatever was killed
  $ durable-research doctor            what is found, what is missing, what to do

Exit codes: 0 completed, 1 failed, 2 wrong use or input, 3 partial, 130 interrupted (the run goes on).
Without OPENAI_API_KEY an offline emulator answers by quoting texts, and nothing is spent.`;

const RUN_HELP = `
The run lives in Temporal, not in this process: Ctrl-C leaves it running, and so does a crash.
Giving an --id that exists attaches to that run; another input under the same id is refused.`;

/** Every command, with its modules loaded only when it runs: \`--help\` must not wait for a worker's native code. */
export function createProgram(): Program {
  let exitCode: number = EXIT.completed;
  const ends = (code: number): void => {
    exitCode = code;
  };
  const program = new Command('durable-research')
    .description('Durable multi-step research: steps are background responses, runs are Temporal workflows.')
    .version(ownVersion())
    .option('--verbose', 'show stack traces (or DEBUG=durable-research)')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(see: durable-research --help)')
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  addRuns(program, ends);
  addServices(program, ends);
  return {
    parse: async (argv) => {
      await program.parseAsync([...argv]);
      return exitCode;
    },
  };
}

type Ends = (code: number) => void;

function addRuns(program: Command, ends: Ends): void {
  program
    .command('run')
    .argument('[question...]', 'what is to be found out')
    .description('start a run and follow it to its result')
    .option('--pipeline <file>', 'run the pipeline of a JSON file ("-" for standard input) instead of a question')
    .option('--files <dir>', 'let every step search the files of this folder (Markdown, text, HTML, PDF)')
    .option('--id <id>', 'id of the run; one that exists is attached to')
    .option('--new', 'start a new run although a closed one has this id')
    .option('--live', "show what each step is doing, from the provider's streams")
    .option('--detach', 'leave it running in the background at once')
    .option('--json', 'the result as JSON on standard output, everything else on standard error')
    .option('--out <file>', 'write the answer with its sources to a file')
    .option('--budget <usd>', 'most that the run may cost, in USD', amount)
    .option('--budget-tokens <number>', 'most tokens that the run may use', wholeAmount)
    .option('--on-exhausted <what>', 'at the budget: "pause" until it is raised, or "stop"', exhausted)
    .option('--priority <number>', 'among runs that wait for their turn: from 1, first, to 5, last', priorityKey)
    .option('--fairness-key <key>', 'whom the run is for: among runs that wait each key gets its share', fairnessName)
    .option('--fairness-weight <number>', 'share of the fairness key beside others (default: 1)', weight)
    .option('--yes', 'do not ask before money is spent')
    .addHelpText('after', RUN_HELP)
    .action(async (words: string[], options: RunOptions) =>
      ends(await (await import('./commands/run.js')).run(words, options)),
    );
  program
    .command('resume')
    .argument('[id]', 'default: the newest open run, else the newest')
    .description('follow a run to its result, whatever was killed')
    .option('--json', 'the result as JSON on standard output')
    .option('--out <file>', 'write the answer with its sources to a file')
    .action(async (id: string | undefined, options: ResultOptions) =>
      ends(await (await import('./commands/resume.js')).resume(id, options)),
    );
  program
    .command('status')
    .argument('[id]', 'default: the newest open run, else the newest')
    .description('show where a run stands now')
    .option('--json', 'as JSON')
    .action(async (id: string | undefined, options: { json?: boolean }) =>
      ends(await (await import('./commands/status.js')).status(id, options)),
    );
  program
    .command('cancel')
    .argument('<id>')
    .description('end a run, its responses first')
    .option('--terminated', 'of a run that has ended without that ("temporal workflow terminate"): stop its responses')
    .action(async (id: string, { terminated }: { terminated?: boolean }) => {
      const commands = await import('./commands/cancel.js');
      ends(await (terminated ? commands.cancelTerminated(id) : commands.cancel(id)));
    });
  addDecisions(program, ends);
  addGuidance(program, ends);
  program
    .command('list')
    .description('show runs, newest first')
    .option('--limit <number>', 'most runs that are shown', wholeAmount, 20)
    .option('--json', 'as JSON')
    .action(async (options: ListOptions) => ends(await (await import('./commands/list.js')).list(options)));
}

function addDecisions(program: Command, ends: Ends): void {
  program
    .command('approvals')
    .argument('[id]', 'one run; default: every open run')
    .description('show what waits for a person')
    .option('--json', 'as JSON')
    .action(async (id: string | undefined, options: { json?: boolean }) =>
      ends(await (await import('./commands/approvals.js')).approvals(id, options)),
    );
  program
    .command('approve')
    .argument('<id>', APPROVAL_ID)
    .description('let a run do what it asks for')
    .option('--reason <text>', 'why; the run keeps it')
    .action(async (id: string, options: { reason?: string }) =>
      ends(await (await import('./commands/approvals.js')).decide(id, { approve: true, ...options })),
    );
  program
    .command('reject')
    .argument('<id>', APPROVAL_ID)
    .description('do not let a run do what it asks for')
    .option('--reason <text>', 'why; told in the reason of the step')
    .action(async (id: string, options: { reason?: string }) =>
      ends(await (await import('./commands/approvals.js')).decide(id, { approve: false, ...options })),
    );
  program
    .command('raise-budget')
    .argument('<id>')
    .description('raise the budget of a run, which goes on where it was paused')
    .option('--usd <usd>', 'new total in USD', amount)
    .option('--tokens <number>', 'new total of tokens', wholeAmount)
    .action(async (id: string, cap: Cap) =>
      ends(await (await import('./commands/raise-budget.js')).raiseBudget(id, cap)),
    );
}

function addGuidance(program: Command, ends: Ends): void {
  program
    .command('steer')
    .argument('<id>')
    .argument('<instruction...>', 'what the steps that follow are told beside their prompts')
    .description('tell a run something while it is at work')
    .option('--step <id>', 'the step that it is for; default: every one that creates a response from now on')
    .action(async (id: string, words: string[], { step }: { step?: string }) =>
      ends(await (await import('./commands/guide.js')).steer(id, words.join(' '), step)),
    );
  program
    .command('finish')
    .argument('<id>')
    .description('bring a run to its end: skip what has not begun, run the final steps on what there is')
    .option('--cancel', 'stop what is at work, too; default: let it end')
    .action(async (id: string, { cancel }: { cancel?: boolean }) =>
      ends(await (await import('./commands/guide.js')).finish(id, cancel ? 'cancel' : 'wait')),
    );
}

const APPROVAL_ID = 'as "approvals" shows it; without the run where only one waits under it';

function addServices(program: Command, ends: Ends): void {
  program
    .command('stop')
    .description('end the background services; open runs wait')
    .action(async () => ends(await (await import('./commands/stop.js')).stop()));
  program
    .command('worker')
    .description('run a worker in this terminal')
    .action(async () => ends(await (await import('./commands/worker.js')).worker()));
  program
    .command('dev')
    .description('run all services in this terminal')
    .action(async () => ends(await (await import('./commands/dev.js')).dev()));
  program
    .command('gateway')
    .description("receive the provider's webhooks here, and tell the runs")
    .option('--port <number>', 'TCP port to listen on; 0 lets the system choose', '8788')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .action(async (options: GatewayOptions) => ends(await (await import('./commands/gateway.js')).gateway(options)));
  program
    .command('codec-server')
    .description("decrypt for Temporal's UI and CLI what DURABLE_RESEARCH_ENCRYPTION_KEYS has encrypted")
    .option('--port <number>', 'TCP port to listen on; 0 lets the system choose', '8790')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--origin <url...>', "origins of Temporal's UI, whose pages may ask; default: none")
    .action(async (options: CodecServerOptions) =>
      ends(await (await import('./commands/codec-server.js')).codecServer(options)),
    );
  program
    .command('emulator')
    .description('run the offline emulator of the API here')
    .argument('[flags...]', 'see: durable-research emulator --help')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (flags: string[]) => ends(await (await import('./commands/emulator.js')).emulator(flags)));
  program
    .command('replay')
    .argument('[source...]', 'files, as "temporal workflow show --output json" prints them, or ids of runs')
    .description('replay histories against this build: exit code 1 where one would break')
    .option('--running', 'the open runs of the task queue')
    .option('--limit <number>', 'most open runs that are replayed, the newest first', wholeAmount, 1000)
    .option('--workflows <file>', 'module of your own workflows, in place of the built ones')
    .action(async (sources: string[], options: ReplayOptions) =>
      ends(await (await import('./commands/replay.js')).replay(sources, options)),
    );
  program
    .command('doctor')
    .description('show what is found, missing, and to be done')
    .action(async () => ends(await (await import('./commands/doctor.js')).doctor()));
}

/** From the package's own file, which lies beside the sources and beside `dist` alike. */
function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(require.resolve('durable-research/package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(manifest).version;
}

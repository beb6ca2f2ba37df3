/** The seed of this run's random requests; `FUZZ_SEED` repeats a run. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
process.stderr.write(`FUZZ_SEED=${SEED} repeats these random requests\n`);

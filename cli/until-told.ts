const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Resolves when this process is told to end. Told once more, it ends at once, as it would by default. */
export async function untilToldToEnd(): Promise<void> {
  await new Promise<void>((resolve) => {
    const onSignal = (): void => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
  });
}

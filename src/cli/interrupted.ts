/** Runs an endless task; being interrupted is how it ends well. */
export async function untilInterrupted(
  signal: AbortSignal,
  task: () => Promise<void>,
): Promise<void> {
  try {
    await task();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

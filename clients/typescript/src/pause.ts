/** Wait `ms`; rejects with the signal's reason as soon as it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/**
 * Milliseconds to wait before the next attempt, after `failures` (1 and more) in a row.
 *
 * It doubles up to `longest`, and half of it is chance, so that a crowd does not come back at once.
 */
export function backOff(failures: number, longest: number, first = 250): number {
  const step = Math.min(first * 2 ** (failures - 1), longest);
  return step / 2 + (Math.random() * step) / 2;
}

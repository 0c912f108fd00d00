/** Wait `ms`; rejects with the signal's reason as soon as the signal aborts. */
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

/** What `promised` brings; rejects with the signal's reason as soon as the signal aborts. */
export function unlessAborted<T>(signal: AbortSignal, promised: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promised.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  });
}

/**
 * Milliseconds to wait before the next attempt, after `failures` (1 and more) in a row.
 *
 * It doubles up to `longest`; half of it is random, so that many clients do not return at the same time.
 */
export function backOff(failures: number, longest: number, first = 250): number {
  const step = Math.min(first * 2 ** (failures - 1), longest);
  return step / 2 + (Math.random() * step) / 2;
}

// What only the garbage collector shows.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Free everything that nobody can reach anymore; weak references keep it until the end of a task. */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await new Promise((done) => setTimeout(done, 10));
    gc();
  }
}

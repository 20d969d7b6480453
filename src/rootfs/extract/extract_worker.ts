/**
 * The worker thread of ExtractWorkers: the first message sets it up, the others are tasks, each
 * answered in turn. Tasks that it is stopped at are not answered.
 */
import { carryOut, type ExtractContext, type ExtractTask } from "./extract_task.ts";
import type { WorkerAnswer, WorkerSetup } from "./extract_workers.ts";
import { sharedImage } from "../shared/image_file.ts";
import { WorkControl } from "./work_control.ts";

/** What a dedicated worker finds around it, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerSetup | ExtractTask>) => void) | null;
  postMessage(message: WorkerAnswer): void;
}

interface Work {
  context: ExtractContext;
  control: WorkControl;
  number: number;
}

const scope = globalThis as unknown as WorkerScope;
let work: Work | undefined;

scope.onmessage = ({ data }) => {
  if ("control" in data) work = workOf(data);
  else if (work !== undefined) answer(work, data);
};

function workOf({ image, control, number, making, limits }: WorkerSetup): Work {
  const context = { image: sharedImage(image), making, limits };
  return { context, control: new WorkControl(control), number };
}

function answer({ context, control, number }: Work, task: ExtractTask): void {
  control.begin(number);
  try {
    let bytes = 0;
    const steps = carryOut(task, context);
    while (!control.isStopped) {
      const { done, value } = steps.next();
      if (done) return scope.postMessage({ result: value, bytes });
      bytes += value;
    }
    // Closes the file that is being made.
    steps.return({ kind: "failed", index: 0, reason: "interrupted" });
  } finally {
    control.end(number);
  }
}

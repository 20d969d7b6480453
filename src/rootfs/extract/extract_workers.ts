import { EnrootError, type Progress } from "../../diagnostics/mod.ts";
import type { ExtractContext, ExtractResult, ExtractTask } from "./extract_task.ts";
import type { Extraction } from "./extraction.ts";
import type { SharedImage } from "../shared/image_file.ts";
import { WorkControl } from "./work_control.ts";

/** Tasks given to a worker at a time, so that it has another one when it has done one. */
const TASKS_PER_WORKER = 2;

/** The first message to a worker; the others are tasks. */
export interface WorkerSetup extends Omit<ExtractContext, "image"> {
  image: SharedImage;
  /** See {@link WorkControl}. */
  control: SharedArrayBuffer;
  /** Which of the workers this is. */
  number: number;
}

/** A worker's answer to a task, with the bytes of the image that it was about. */
export interface WorkerAnswer {
  result: ExtractResult;
  bytes: number;
}

export interface ExtractWorkersOptions {
  count: number;
  context: ExtractContext;
  /** Stops everything at once: when its listeners have run, no more files are made. */
  interruption: AbortSignal;
  progress: Progress;
}

interface Crewman {
  worker: Worker;
  /** The tasks given to the worker, which answers in order. */
  tasks: ExtractTask[];
}

/** Threads that carry out the tasks of an extraction. */
export class ExtractWorkers implements Disposable {
  readonly #extraction: Extraction;
  readonly #progress: Progress;
  readonly #interruption: AbortSignal;
  readonly #control: WorkControl;
  readonly #crew: Crewman[];
  readonly #end = Promise.withResolvers<void>();
  /** Set while tasks are to be given out after other events. */
  #timer: number | undefined;
  readonly #stop = () => this.#fail(new EnrootError("Cannot extract: interrupted"));

  constructor(extraction: Extraction, options: ExtractWorkersOptions) {
    const { count, context, interruption, progress } = options;
    this.#extraction = extraction;
    this.#progress = progress;
    this.#interruption = interruption;
    this.#control = WorkControl.forWorkers(count);
    this.#crew = Array.from({ length: count }, (_, number) => this.#start(number, context));
    interruption.addEventListener("abort", this.#stop);
  }

  /** Carries out all tasks. @throws {EnrootError} what the first of them failed of */
  async run(): Promise<void> {
    // A failure below must not come before there is a handler for it.
    this.#giveOutLater();
    await this.#end.promise;
  }

  [Symbol.dispose](): void {
    this.#interruption.removeEventListener("abort", this.#stop);
    clearTimeout(this.#timer);
    this.#control.stop();
    for (const { worker } of this.#crew) worker.terminate();
  }

  #start(number: number, { image, making, limits }: ExtractContext): Crewman {
    const url = new URL("./extract_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    const tasks: ExtractTask[] = [];
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      const task = tasks.shift();
      if (task !== undefined) this.#take(task, data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      // It will not say any more that it has come to an end.
      this.#control.end(number);
      this.#fail(new EnrootError(`Cannot extract: ${event.message}`));
    };
    const setup: WorkerSetup = {
      image: { fd: image.fd, offset: image.offset, path: image.path },
      control: this.#control.memory,
      number,
      making,
      limits,
    };
    worker.postMessage(setup);
    return { worker, tasks };
  }

  #take(task: ExtractTask, { result, bytes }: WorkerAnswer): void {
    if (this.#control.isStopped) return;
    try {
      this.#progress.advance(bytes);
      this.#extraction.finish(task, result);
      this.#giveOut();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Gives tasks to those with the fewest, until all have enough or none are left. */
  #giveOut(): void {
    for (let load = 0; load < TASKS_PER_WORKER; load++) {
      for (const { worker, tasks } of this.#crew) {
        if (tasks.length > load) continue;
        const task = this.#extraction.next();
        if (task === "later") return this.#giveOutLater();
        if (task === null) {
          if (this.#crew.every(({ tasks }) => tasks.length === 0)) this.#end.resolve();
          return;
        }
        tasks.push(task);
        worker.postMessage(task);
      }
    }
  }

  #giveOutLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#control.isStopped) return;
      try {
        this.#giveOut();
      } catch (error) {
        this.#fail(error);
      }
    }, 0);
  }

  #fail(error: unknown): void {
    this.#control.stop();
    this.#end.reject(error);
  }
}

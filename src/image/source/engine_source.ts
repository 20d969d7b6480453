import { EnrootError } from "../../diagnostics/mod.ts";
import { type Descriptor, parseEngineImage, PLAIN_LAYER_TYPE } from "../../formats/oci/mod.ts";
import { onTermination } from "../../store/mod.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

/** A container engine, by the name of its command. */
export type Engine = "docker" | "podman";

export interface EngineSourceOptions {
  engine: Engine;
  /** As the engine takes it: `NAME[:TAG]`. */
  image: string;
  provenance: string;
}

/**
 * A source for an image of a local container engine, through its command line: a container is made
 * of the image, never run, exported as one layer, and removed.
 */
export class EngineSource implements ImageSource {
  readonly provenance: string;
  readonly #engine: Engine;
  readonly #image: string;
  #container: Disposable | null = null;

  constructor({ engine, image, provenance }: EngineSourceOptions) {
    this.provenance = provenance;
    this.#engine = engine;
    this.#image = image;
  }

  async resolve(): Promise<ResolvedImage> {
    const { id, config } = parseEngineImage(
      await this.#run(["image", "inspect", this.#image], "inspect"),
    );
    const layer: Descriptor = { mediaType: PLAIN_LAYER_TYPE, digest: id, size: 0, urls: [] };
    return { manifestDigest: null, config, layers: [layer], foreignFiles: [".dockerenv"] };
  }

  async openLayer(layer: Descriptor): Promise<AsyncIterable<Uint8Array>> {
    // Some command there must be, although it is not run.
    const output = await this.#run(["create", layer.digest, "/bin/sh"], "create a container of");
    const container = new TextDecoder().decode(output).trim().split("\n").at(-1) ?? "";
    this.#container = this.#removal(container);
    return this.#export(container);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#container?.[Symbol.dispose]();
    this.#container = null;
    return Promise.resolve();
  }

  async *#export(container: string): AsyncGenerator<Uint8Array> {
    await using child = this.#spawn(["export", container]);
    const errors = new Response(child.stderr).text();
    yield* child.stdout;
    const { success } = await child.status;
    if (!success) throw this.#failure("export", await errors);
  }

  async #run(args: string[], verb: string): Promise<Uint8Array> {
    await using child = this.#spawn(args);
    const { success, stdout, stderr } = await child.output();
    if (success) return stdout;
    throw this.#failure(verb, new TextDecoder().decode(stderr));
  }

  #spawn(args: string[]): Deno.ChildProcess {
    try {
      return new Deno.Command(this.#engine, {
        args,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
      throw new EnrootError(`Command not found: ${this.#engine}`, { cause });
    }
  }

  #removal(container: string): Disposable {
    const remove = () => {
      new Deno.Command(this.#engine, {
        args: ["rm", "--force", container],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).outputSync();
    };
    const termination = onTermination(remove);
    return {
      [Symbol.dispose]() {
        termination[Symbol.dispose]();
        remove();
      },
    };
  }

  #failure(verb: string, stderr: string): EnrootError {
    const reason = stderr.trim().split("\n").at(-1) ?? "";
    return new EnrootError(
      `Cannot ${verb} ${this.#engine} image ${this.#image}: ${reason || "unknown reason"}`,
    );
  }
}

import type { Descriptor } from "../formats/oci/mod.ts";
import { type Answer, chunksOf, discard } from "./http/body.ts";
import { httpFailure } from "./http/http_failure.ts";
import { shownUrl } from "./http/redaction.ts";
import { TransferError } from "./http/transfer_error.ts";

/** What a blob holds: a document must come in within the time for one, a layer may take its time. */
export type BlobKind = "layer" | "document";

/** A blob on its way, with what there is of it already. */
export interface Download {
  readonly blob: Descriptor;
  /** How many of its bytes there are. */
  readonly size: number;
  /** How many bytes came in so far, those thrown away again included. */
  readonly received: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Throws away what there is. */
  restart(): Promise<void>;
}

/**
 * Takes in the answer to a request for a blob, or for the rest of it.
 *
 * @throws {TransferError} when the answer is none, or not complete
 */
export async function receive(
  answer: Answer,
  { download, kind, hint }: { download: Download; kind: BlobKind; hint: string },
): Promise<void> {
  const { response, url } = answer;
  const { size: total } = download.blob;
  const failed = (cause: string, failure: "passing" | "final") =>
    new TransferError(`Cannot download ${shownUrl(url)}: ${cause}`, { failure });

  // The range lies outside: what there is must be something else than the beginning of this blob.
  if (response.status === 416 && download.size > 0) {
    await discard(answer);
    await download.restart();
    throw failed("the server refuses to go on from where it stopped", "passing");
  }
  if (!response.ok) throw await httpFailure(answer, hint);

  if (response.status === 206) {
    const range = response.headers.get("content-range") ?? "";
    if (Number(/^bytes (\d+)-/.exec(range)?.[1]) !== download.size) {
      await discard(answer);
      await download.restart();
      throw failed("the server sent another range than asked for", "passing");
    }
  } else if (download.size > 0) {
    await download.restart();
  }

  const announced = response.headers.get("content-length");
  if (announced !== null && Number(announced) !== total - download.size) {
    await discard(answer);
    throw failed(`${announced} bytes instead of ${total - download.size}`, "passing");
  }
  const limit = kind === "document" ? answer.documentLimit : Infinity;
  for await (const chunk of chunksOf(answer, limit)) {
    if (download.size + chunk.length > total) throw failed(`more than ${total} bytes`, "passing");
    await download.write(chunk);
  }
  if (download.size < total) throw failed(`only ${download.size} of ${total} bytes`, "passing");
}

/** Runs something and gives what it wrote to standard error, line by line. */
export async function capturedStderr(action: () => Promise<unknown>): Promise<string[]> {
  const { writeSync } = Deno.stderr;
  const decoder = new TextDecoder();
  let text = "";
  Deno.stderr.writeSync = (bytes) => {
    text += decoder.decode(bytes, { stream: true });
    return bytes.length;
  };
  try {
    await action();
  } finally {
    Deno.stderr.writeSync = writeSync;
  }
  return text.split("\n").slice(0, -1);
}

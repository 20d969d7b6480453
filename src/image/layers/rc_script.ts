import type { RunConfig } from "../../formats/oci/mod.ts";

/**
 * The script that starts a container as its image wants it, for a POSIX shell: the working directory,
 * `/etc/rc.local`, then the entrypoint with the arguments given, or with the image's own.
 *
 * Comments at its top record where the image is from and its labels.
 */
export function rcScript(run: RunConfig, provenance: string): string {
  const comments = [`enroot-provenance: ${provenance}`];
  for (const [key, value] of run.labels) comments.push(`${key} ${value}`);
  const directory = shellQuote(
    run.workingDir.startsWith("/") ? run.workingDir : `/${run.workingDir}`,
  );
  const command = run.entrypoint.length + run.cmd.length === 0 ? ["/bin/sh"] : run.cmd;
  return `${comments.map(commentLine).join("")}
mkdir -p ${directory} 2> /dev/null
cd ${directory} && unset OLDPWD || exit 1

if [ -s /etc/rc.local ]; then
    . /etc/rc.local
fi

if [ $# -gt 0 ]; then
    exec ${[...run.entrypoint.map(shellQuote), '"$@"'].join(" ")}
else
    exec ${[...run.entrypoint, ...command].map(shellQuote).join(" ")}
fi
`;
}

/** A line end inside would turn what follows into a command, a NUL the script into no text. */
function commentLine(text: string): string {
  return `# ${text.replace(/[\0\r\n]+/g, " ")}\n`;
}

/** A word that the shell takes literally. */
function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

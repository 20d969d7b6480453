/** What the files of a directory are, for comparing directories. */

const LIST = String.raw`
set -eu; cd "$1"; export LC_ALL=C
find . ! -type d -printf '%p|%y|%m|%T@|%n|%s|%l\n'
find . -type d -printf '%p|%y|%m|%T@\n'
find . -type f -links +1 -printf '%i %p\n' | sort | awk '
  $1 == last { print "links: " first " = " $2; next } { last = $1; first = $2 }'
find . -type f -print0 | sort -z | xargs -0 -r sha256sum
find . -type f -size +64k -printf '%p %b\n' | awk '{ print "units of 128K: " $1, int(($2 + 255) / 256) }'
if command -v getfattr >/dev/null
then find . -print0 | sort -z | xargs -0 getfattr -h -d -m '^(user|security\.capability)' -e hex
fi`;

/**
 * Every file below a directory, all but its owner: kind, mode, time, links, contents, roughly the
 * space it takes, attributes. Characters are bytes.
 */
export function treeListing(directory: string): string[] {
  const { success, stdout, stderr } = new Deno.Command("/bin/sh", {
    args: ["-c", LIST, "list", directory],
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const output = new TextDecoder("latin1").decode(stdout);
  return output.split("\n").filter((line) => line !== "").sort();
}

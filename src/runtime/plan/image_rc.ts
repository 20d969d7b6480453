import type { ByteString } from "../../bytes/mod.ts";

/** What the `/etc/rc` of an image says. */
export interface ImageRc {
  readonly directory: ByteString;
  readonly entrypoint: readonly ByteString[];
  /** What the image runs when no command is given. */
  readonly command: readonly ByteString[];
}

const WORD = String.raw`'[^']*'(?:\\'(?:'[^']*'))*`;
const SCRIPT = new RegExp(
  String.raw`^(?:#[^\n]*\n)*
mkdir -p (${WORD}) 2> \/dev\/null
cd \1 && unset OLDPWD \|\| exit 1

if \[ -s \/etc\/rc\.local \]; then
    \. \/etc\/rc\.local
fi

if \[ \$# -gt 0 \]; then
    exec((?: ${WORD})*) "\$@"
else
    exec\2((?: ${WORD})*)
fi
$`,
);

/** Reads the script that is made for every image; null for any other, which only a shell can read. */
export function parseImageRc(text: ByteString): ImageRc | null {
  const [, directory, entrypoint, command] = SCRIPT.exec(text) ?? [];
  if (directory === undefined || entrypoint === undefined || command === undefined) return null;
  return {
    directory: wordsOf(directory)[0] ?? "/",
    entrypoint: wordsOf(entrypoint),
    command: wordsOf(command),
  };
}

function wordsOf(quoted: ByteString): ByteString[] {
  return [...quoted.matchAll(new RegExp(WORD, "g"))]
    .map(([word]) => word.slice(1, -1).replaceAll(String.raw`'\''`, "'"));
}

import type { ByteString } from "../../bytes/mod.ts";
import { escapeFstabField, type MountEntry } from "./fstab.ts";
import { CREATE_WORDS, FLAG_WORDS, type MountOptions, PROPAGATION_WORDS } from "./mount_options.ts";

/** A mount as one line of fstab(5), nothing left out: equal mounts give equal lines. */
export function formatMountEntry({ source, target, type, options }: MountEntry): ByteString {
  const words = formatMountOptions(options);
  return [source, target, type, words === "" ? "defaults" : words].map(escapeFstabField).join(" ");
}

/** The words that parse as these options: what is done, how, then what the file system is told. */
function formatMountOptions(options: MountOptions): ByteString {
  const words: ByteString[] = [];
  const add = (word: ByteString, given: boolean) => {
    if (given) words.push(word);
  };
  add(options.recursive ? "rbind" : "bind", options.bind);
  add("remount", options.remount);
  add("x-move", options.move);
  add("x-detach", options.detach);
  for (const [word, kind] of Object.entries(CREATE_WORDS)) add(word, options.create === kind);
  for (const [word, flag] of FLAG_WORDS) {
    add(
      word,
      "set" in flag ? (options.flags & flag.set) !== 0 : (options.cleared & flag.clear) !== 0,
    );
  }
  for (const type of options.propagation) {
    for (const [word, propagation] of PROPAGATION_WORDS) add(word, propagation === type);
  }
  add("nofail", options.nofail);
  add(options.data, options.data !== "");
  return words.join(",");
}

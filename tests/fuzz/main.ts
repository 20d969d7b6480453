/**
 * Feeds damaged input to everything that reads what others wrote.
 *
 *     deno task fuzz [--count N] [--seed S] [--target NAME]... [FILE...]
 *
 * First the inputs that were found before (tests/fixtures/crashers/TARGET/*), then mutants: the same
 * ones for the same seed, where the same tools are installed. With files, those instead, all to the
 * target that is named. An input that breaks a promise is kept among the crashers.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CRASHERS, crashersOf } from "./crashers.ts";
import { mutantOf } from "./campaign.ts";
import { type Finding, runCampaign, scratchDirectory } from "./supervisor.ts";
import type { FuzzTarget } from "./target.ts";
import { targetNamed, TARGETS } from "./targets.ts";

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      count: { type: "string", default: "10000" },
      seed: { type: "string", default: String(Math.floor(Date.now() / 1000)) },
      target: { type: "string", multiple: true, default: [] },
    },
  });
  const { seed, target: names } = values;
  const targets = TARGETS.filter(({ name }) => names.length === 0 || names.includes(name));
  const count = Number(values.count);
  if (targets.length === 0 || !(count >= 0) || (positionals.length > 0 && targets.length > 1)) {
    say(`targets: ${TARGETS.map(({ name }) => name).join(" ")}`);
    return 1;
  }
  say(`seed ${seed}`);
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  let found = 0;
  for (const target of targets) {
    const share = positionals.length > 0 ? 0 : Math.ceil(count * target.weight / total);
    found += await fuzz(target, { seed, share, files: positionals });
  }
  return found === 0 ? 0 : 1;
}

/** @returns how many inputs broke a promise */
async function fuzz(
  { name }: FuzzTarget,
  { seed, share, files }: { seed: string; share: number; files: readonly string[] },
): Promise<number> {
  const start = performance.now();
  const known = files.length > 0 ? files : crashersOf(name);
  const replayed = await runCampaign(
    { target: name, seed, from: 0, to: known.length, files: known },
  );
  const result = await runCampaign({ target: name, seed, from: 0, to: share, files: null });
  const seconds = (performance.now() - start) / 1000;
  const findings = replayed.findings.length + result.findings.length;
  say(
    `${name.padEnd(14)} ${column(known.length)} known ${column(share)} mutants: ` +
      `${column(result.accepted)} accepted ${column(result.refused)} refused ` +
      `${column(findings)} findings ${seconds.toFixed(1).padStart(7)} s`,
  );
  for (const { index, reason } of replayed.findings) say(`  ${known[index]}: ${reason}`);
  for (const finding of result.findings) {
    say(`  ${await keep(finding, seed)} (mutant ${finding.index}): ${finding.reason}`);
  }
  return findings;
}

function column(value: number): string {
  return String(value).padStart(6);
}

/** Makes a finding's input again and stores it. @returns the file */
async function keep({ target: name, index }: Finding, seed: string): Promise<string> {
  const scratch = scratchDirectory();
  try {
    const input = mutantOf(await targetNamed(name).open(scratch), seed, index);
    const digest = createHash("sha256").update(input).digest("hex").slice(0, 12);
    Deno.mkdirSync(join(CRASHERS, name), { recursive: true });
    const path = join(CRASHERS, name, digest);
    Deno.writeFileSync(path, input);
    return path;
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));

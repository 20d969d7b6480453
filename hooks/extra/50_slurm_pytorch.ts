import type { ByteString } from "../../src/bytes/mod.ts";
import type { Hook } from "../../src/runtime/hook/hook.ts";

// Above the ephemeral ports of Linux (32768–60999).
const FIRST_PORT = 61000;
const PORTS = 4536;

/**
 * Sets what `torch.distributed` reads to find its peers, for images with PyTorch in a Slurm step.
 * Variables the container has already stay.
 */
export const slurmPytorch: Hook = {
  name: "50-slurm-pytorch",
  run({ environment, host }) {
    if (!environment.has("PYTORCH_VERSION")) return;
    const slurm = (name: string) => host.environment.get(`SLURM_${name}`) || undefined;
    const add = (name: string, value: ByteString | undefined) => {
      if (value !== undefined && !environment.has(name)) environment.set(name, value);
    };
    add("MASTER_ADDR", firstHost(slurm("STEP_NODELIST") ?? slurm("JOB_NODELIST") ?? ""));
    add("MASTER_PORT", portOf(slurm("JOB_ID") ?? ""));
    add("WORLD_SIZE", slurm("NTASKS"));
    add("RANK", slurm("PROCID"));
    add("LOCAL_RANK", slurm("LOCALID"));
    // As torch.distributed.run does: one thread each, lest the tasks of a node fight for cores.
    if (Number(slurm("NTASKS_PER_NODE") ?? 1) > 1) add("OMP_NUM_THREADS", "1");
  },
};

function portOf(job: ByteString): ByteString | undefined {
  return /^[0-9]{1,10}$/.test(job) ? String(FIRST_PORT + Number(job) % PORTS) : undefined;
}

/** The first host of a Slurm host list: `node[07-12,20],login` gives `node07`. */
function firstHost(list: ByteString): ByteString | undefined {
  let host = "";
  for (let at = 0; at < list.length && list[at] !== ","; at++) {
    if (list[at] !== "[") {
      host += list.charAt(at);
      continue;
    }
    const close = list.indexOf("]", at);
    const first = /^[^,\-]+/.exec(list.slice(at + 1, close))?.[0];
    if (close < 0 || first === undefined) return undefined;
    host += first;
    at = close;
  }
  return host === "" ? undefined : host;
}

import { assertEquals } from "@std/assert";
import { hookDouble } from "../../tests/support/hook_double.ts";
import { slurmPytorch } from "./50_slurm_pytorch.ts";

const IMAGE = { PYTORCH_VERSION: "2.1" };

function run(hostEnvironment: Record<string, string>, environment: Record<string, string> = IMAGE) {
  const context = hookDouble({ hostEnvironment, environment });
  slurmPytorch.run(context);
  return Object.fromEntries(context.environment);
}

Deno.test("slurmPytorch tells torch.distributed where its peers are", () => {
  assertEquals(
    run({
      SLURM_STEP_NODELIST: "node[07-12,20],login",
      SLURM_JOB_ID: "123456",
      SLURM_NTASKS: "16",
      SLURM_PROCID: "3",
      SLURM_LOCALID: "1",
      SLURM_NTASKS_PER_NODE: "8",
    }),
    {
      ...IMAGE,
      MASTER_ADDR: "node07",
      MASTER_PORT: String(123456 % 4536 + 61000),
      WORLD_SIZE: "16",
      RANK: "3",
      LOCAL_RANK: "1",
      OMP_NUM_THREADS: "1",
    },
  );
});

Deno.test("slurmPytorch keeps what the container says", () => {
  const own = { ...IMAGE, MASTER_ADDR: "other", RANK: "", OMP_NUM_THREADS: "4" };
  const job = { SLURM_STEP_NODELIST: "n1", SLURM_PROCID: "1", SLURM_NTASKS_PER_NODE: "2" };
  assertEquals(run(job, own), own);
});

Deno.test("slurmPytorch is only for images with PyTorch, and for steps", () => {
  assertEquals(run({ SLURM_PROCID: "1" }, {}), {});
  assertEquals(run({}), IMAGE);
});

Deno.test("slurmPytorch takes the first host of any list", () => {
  const address = (list: string) => run({ SLURM_STEP_NODELIST: list })["MASTER_ADDR"];
  assertEquals(
    [
      "a",
      "a,b",
      "n[1]",
      "n[08,3]",
      "r[1-2]n[03-04]-ib,x",
      "n[5-6].cluster",
      "",
      "n[",
      "n[]",
      "n[-]",
    ]
      .map(address),
    ["a", "a", "n1", "n08", "r1n03-ib", "n5.cluster"].concat(Array(4).fill(undefined)),
  );
});

import { assertEquals } from "@std/assert";
import { hookDouble } from "../../tests/support/hook_double.ts";
import { slurmPmi } from "./50_slurm_pmi.ts";

const STEP = { SLURM_JOB_ID: "7", SLURM_STEP_ID: "0", HOME: "/root", PMI_RANK: "1" };
const PMIX = {
  PMIX_RANK: "1",
  PMIX_SERVER_TMPDIR: "/var/spool/slurmd/pmix.7.0/",
  PMIX_SECURITY_MODE: "munge,native",
  PMIX_GDS_MODULE: "hash",
  PMIX_MCA_gds: "ds21",
};

function run(hostEnvironment: Record<string, string>) {
  const context = hookDouble({ hostEnvironment });
  slurmPmi.run(context);
  return { environment: Object.fromEntries(context.environment), mounts: context.mountsLater };
}

Deno.test("slurmPmi passes what the process managers set and mounts the PMIx server's directory", () => {
  const { environment, mounts } = run({ ...STEP, ...PMIX });
  assertEquals(environment, {
    SLURM_JOB_ID: "7",
    SLURM_STEP_ID: "0",
    PMI_RANK: "1",
    ...PMIX,
    PMIX_MCA_psec: "munge,native",
  });
  assertEquals(mounts, [
    "/var/spool/slurmd/pmix.7.0/ /var/spool/slurmd/pmix.7.0/ none " +
    "x-create=dir,bind,rw,nosuid,noexec,nodev,private",
  ]);
});

Deno.test("slurmPmi leaves PMIx out when the step uses something else", () => {
  const { environment, mounts } = run({ ...STEP, ...PMIX, SLURM_MPI_TYPE: "pmi2" });
  assertEquals(Object.keys(environment).filter((name) => name.startsWith("PMIX")), []);
  assertEquals([environment["PMI_RANK"], mounts], ["1", []]);
  assertEquals(run({ ...STEP, ...PMIX, SLURM_MPI_TYPE: "pmix_v4" }).mounts.length, 1);
});

Deno.test("slurmPmi does nothing outside a step", () => {
  assertEquals(run({ ...PMIX, SLURM_JOB_ID: "7" }), { environment: {}, mounts: [] });
  assertEquals(run({ ...PMIX, SLURM_JOB_ID: "", SLURM_STEP_ID: "" }).mounts, []);
});

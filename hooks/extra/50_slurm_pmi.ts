import { escapeFstabField, type Hook } from "../../src/runtime/hook/hook.ts";

/** Settings that Slurm's plugin gives under names of its own, and what PMIx itself reads. */
const ALIASES = [
  ["PMIX_PTL_MODULE", "PMIX_MCA_ptl"],
  ["PMIX_SECURITY_MODE", "PMIX_MCA_psec"],
  ["PMIX_GDS_MODULE", "PMIX_MCA_gds"],
] as const;

/**
 * Lets a program in a Slurm step reach the step's process manager: passes the variables of Slurm,
 * PMIx and PMI, and mounts the directory of the PMIx server.
 */
export const slurmPmi: Hook = {
  name: "50-slurm-pmi",
  run({ environment, host, mountLater }) {
    const variables = host.environment;
    if (!variables.get("SLURM_JOB_ID") || !variables.get("SLURM_STEP_ID")) return;

    const type = variables.get("SLURM_MPI_TYPE") || "pmix";
    const names = [...variables.keys()];
    const usesPmix = type.startsWith("pmix") && names.some((name) => name.startsWith("PMIX_"));
    const passed = usesPmix ? /^(SLURM|PMIX|PMI)_/ : /^(SLURM|PMI)_/;
    for (const [name, value] of variables) {
      if (passed.test(name)) environment.set(name, value);
    }
    if (!usesPmix) return;

    for (const [name, alias] of ALIASES) {
      const value = variables.get(name);
      if (value && !variables.get(alias)) environment.set(alias, value);
    }
    const directory = variables.get("PMIX_SERVER_TMPDIR");
    if (directory) {
      const field = escapeFstabField(directory);
      mountLater(`${field} ${field} none x-create=dir,bind,rw,nosuid,noexec,nodev,private`);
    }
  },
};

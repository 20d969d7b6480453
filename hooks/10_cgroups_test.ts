import { assertEquals } from "@std/assert";
import { cgroups } from "./10_cgroups.ts";
import { hookDouble } from "../tests/support/hook_double.ts";

interface CgroupHost {
  readonly cgroup: string;
  readonly mountinfo: string;
  /** Directories of the host and of the container. */
  readonly host: string[];
  readonly container: string[];
}

function mountsFor({ cgroup, mountinfo, host, container }: CgroupHost): string[] {
  const directories = (paths: string[]) =>
    Object.fromEntries(paths.map((path) => [`${path}/`, ""]));
  const context = hookDouble({
    hostFiles: {
      "/proc/self/cgroup": cgroup,
      "/proc/self/mountinfo": mountinfo,
      ...directories(host),
    },
    files: directories(container),
  });
  cgroups.run(context);
  assertEquals(context.mountsNow, []);
  return context.mountsLater;
}

const READ_ONLY = "none /sys/fs/cgroup none " +
  "remount,bind,nosuid,noexec,nodev,ro,rslave,nofail,silent";
const BIND = "none x-create=dir,rbind,nosuid,noexec,nodev,ro";
const REMOUNT = "none remount,bind,nosuid,noexec,nodev,ro";

/** mountinfo lines for mount points of the host, and below the container's root. */
const HYBRID = (prefix = "") =>
  `31 23 0:28 / ${prefix}/sys/fs/cgroup rw,relatime shared:9 - tmpfs tmpfs rw,mode=755
32 31 0:29 / ${prefix}/sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / ${prefix}/sys/fs/cgroup/memory rw,relatime shared:1 master:2 - cgroup cgroup rw,memory
40 31 0:37 / ${prefix}/sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / ${prefix}/sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
const HYBRID_MEMBERSHIPS = `9:name=systemd:/
4:memory:/jobs/a b
1:cpuacct,cpu:/
0::/
`;
const HYBRID_DIRECTORIES = ["cpu,cpuacct", "memory", "systemd", "unified"].map((name) =>
  `/sys/fs/cgroup/${name}`
);

Deno.test("cgroups binds version 1 and 2 subtrees in the order of memberships", () => {
  assertEquals(
    mountsFor({
      cgroup: HYBRID_MEMBERSHIPS,
      mountinfo: HYBRID() + HYBRID("/data/c"),
      host: [...HYBRID_DIRECTORIES, "/sys/fs/cgroup/memory/jobs/a b"],
      container: HYBRID_DIRECTORIES,
    }),
    [
      `none /sys/fs/cgroup/systemd ${REMOUNT}`,
      `/sys/fs/cgroup/memory/jobs/a\\040b /sys/fs/cgroup/memory ${BIND}`,
      `none /sys/fs/cgroup/cpu,cpuacct ${REMOUNT}`,
      `none /sys/fs/cgroup/unified ${REMOUNT}`,
      READ_ONLY,
    ],
  );
});

Deno.test("cgroups makes places for version 1 hierarchies on a fresh sysfs", () => {
  assertEquals(
    mountsFor({
      cgroup: "9:name=systemd:/\n0::/\n",
      mountinfo: HYBRID(),
      host: HYBRID_DIRECTORIES,
      container: ["/sys/fs/cgroup"],
    }),
    [
      "tmpfs /sys/fs/cgroup tmpfs x-create=dir,nosuid,noexec,nodev,mode=755",
      `/sys/fs/cgroup/systemd /sys/fs/cgroup/systemd ${BIND}`,
      `/sys/fs/cgroup/unified /sys/fs/cgroup/unified ${BIND}`,
      READ_ONLY,
    ],
  );
});

const UNIFIED = (root: string, mountPoint = "/sys/fs/cgroup") =>
  `34 24 0:29 ${root} ${mountPoint} rw,nosuid,nodev shared:9 - cgroup2 cgroup2 rw,nsdelegate\n`;

Deno.test("cgroups binds the caller's subtree of version 2", () => {
  const own = "/user.slice/user-1001.slice/session-2.scope";
  assertEquals(
    mountsFor({
      cgroup: `0::${own}\n`,
      mountinfo: UNIFIED("/") + UNIFIED("/", "/data/c/sys/fs/cgroup"),
      host: [`/sys/fs/cgroup${own}`],
      container: ["/sys/fs/cgroup"],
    }),
    [`/sys/fs/cgroup${own} /sys/fs/cgroup ${BIND}`, READ_ONLY],
  );
});

Deno.test("cgroups shows a Slurm task its step", () => {
  const step = "/system.slice/node_slurmstepd.scope/job_7/step_0/user";
  const host = [`/sys/fs/cgroup${step}/task_0`];
  const container = ["/sys/fs/cgroup"];
  assertEquals(
    mountsFor({ cgroup: `0::${step}/task_0\n`, mountinfo: UNIFIED("/"), host, container })[0],
    `/sys/fs/cgroup${step} /sys/fs/cgroup ${BIND}`,
  );
  const old = "/slurm/uid_1001/job_7/step_batch";
  assertEquals(
    mountsFor({
      cgroup: `4:memory:${old}/task_special\n`,
      mountinfo: HYBRID(),
      host: [`/sys/fs/cgroup/memory${old}/task_special`],
      container: HYBRID_DIRECTORIES,
    })[0],
    `/sys/fs/cgroup/memory${old} /sys/fs/cgroup/memory ${BIND}`,
  );
});

Deno.test("cgroups leaves a task cgroup alone that is none of Slurm's", () => {
  assertEquals(
    mountsFor({
      cgroup: "0::/jobs/task_0\n",
      mountinfo: UNIFIED("/"),
      host: ["/sys/fs/cgroup/jobs/task_0"],
      container: ["/sys/fs/cgroup"],
    })[0],
    `/sys/fs/cgroup/jobs/task_0 /sys/fs/cgroup ${BIND}`,
  );
});

Deno.test("cgroups counts from the part of the hierarchy that the host has mounted", () => {
  const container = ["/sys/fs/cgroup"];
  assertEquals(
    mountsFor({
      cgroup: "0::/docker/abc/own\n",
      mountinfo: UNIFIED("/docker/abc"),
      host: ["/sys/fs/cgroup/own"],
      container,
    })[0],
    `/sys/fs/cgroup/own /sys/fs/cgroup ${BIND}`,
  );
  for (const [path, root] of [["/docker/abcd", "/docker/abc"], ["/../x", "/"], ["/x", "/../.."]]) {
    assertEquals(
      mountsFor({
        cgroup: `0::${path}\n`,
        mountinfo: UNIFIED(root ?? ""),
        host: ["/sys/fs/cgroup/x", "/sys/fs/cgroup/d"],
        container,
      }),
      [],
    );
  }
});

Deno.test("cgroups passes over hierarchies without mount, without directory, and nonsense", () => {
  assertEquals(
    mountsFor({
      cgroup: "7:rdma:/\n4:memory:/gone\nx\n3::\n0::/\n",
      mountinfo: HYBRID() + " - cgroup\n1 2 - cgroup2\n",
      host: HYBRID_DIRECTORIES,
      container: HYBRID_DIRECTORIES,
    }),
    [`/sys/fs/cgroup/unified /sys/fs/cgroup/unified ${BIND}`, READ_ONLY],
  );
});

Deno.test("cgroups looks at the mount on top, as inside another container", () => {
  assertEquals(
    mountsFor({
      cgroup: "0::/\n",
      mountinfo: UNIFIED("/../../..") + UNIFIED("/"),
      host: ["/sys/fs/cgroup"],
      container: ["/sys/fs/cgroup"],
    }),
    [`/sys/fs/cgroup /sys/fs/cgroup ${BIND}`, READ_ONLY],
  );
});

Deno.test("cgroups does nothing on a host without cgroups", () => {
  assertEquals(mountsFor({ cgroup: "", mountinfo: "", host: [], container: [] }), []);
});

import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../src/diagnostics/mod.ts";
import { home } from "./10_home.ts";
import { hookDouble } from "../tests/support/hook_double.ts";

const tester = {
  name: "tester",
  uid: 1001,
  gid: 1001,
  gecos: "",
  directory: "/home/tester",
  shell: "/bin/sh",
};

Deno.test("home mounts the home directory where it is, and says so", () => {
  const context = hookDouble({ mountHome: true, hostEnvironment: { HOME: "/home/te st" } });
  home.run(context);
  assertEquals(context.mountsLater, [
    "/home/te\\040st /home/te\\040st none x-create=dir,bind,rw,nosuid",
  ]);
  assertEquals(context.environment.get("HOME"), "/home/te st");
});

Deno.test("home mounts it as /root with --root, from passwd without HOME", () => {
  const context = hookDouble({ mountHome: true, remapRoot: true, passwd: tester });
  home.run(context);
  assertEquals(context.mountsLater, ["/home/tester /root none x-create=dir,bind,rw,nosuid"]);
  assertEquals(context.environment.get("HOME"), "/root");
});

Deno.test("home does nothing unless asked", () => {
  const context = hookDouble({ passwd: tester });
  home.run(context);
  assertEquals([context.mountsLater, [...context.environment]], [[], []]);
});

Deno.test("home cannot mount what nobody knows", () => {
  const context = hookDouble({ mountHome: true, hostEnvironment: { HOME: "" } });
  assertThrows(() => home.run(context), EnrootError, "Cannot mount the home directory");
});

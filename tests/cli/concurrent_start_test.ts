import { assertEquals } from "@std/assert";
import { containerTest, makeContainerHome } from "../support/container.ts";

// Runs alone: fifty starts at once are load enough.

containerTest("fifty starts over five root file systems all succeed", async () => {
  using home = await makeContainerHome();
  const names = ["a", "b", "c", "d", "e"];
  for (const name of names) {
    assertEquals((await home.enroot(["create", "--name", name, "box.sqsh"])).code, 0);
  }
  const script = 'cat /etc/passwd | wc -l; [ "$(id -un)" = "$USER" ] && echo known; exit 3';
  const runs = Array.from(
    { length: 50 },
    (_, index) => home.enroot(["start", names[index % 5] ?? "", "sh", "-c", script]),
  );
  const ended = { code: 3, signal: null, stdout: "3\nknown\n", stderr: "" };
  for (const run of await Promise.all(runs)) assertEquals(run, ended);
  for (const name of names) {
    const left = [...Deno.readDirSync(`${home.data}/${name}/etc`)].map((entry) => entry.name);
    assertEquals(left.filter((file) => file.startsWith(".")), []);
  }
});

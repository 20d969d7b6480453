import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeHome, NEIGHBOUR_UID, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { RegistryServer, serveRegistry } from "../support/registry.ts";
import { tarArchive } from "../support/tar_archive.ts";
import { twoUsersTest } from "../support/two_users.ts";

const IMAGES = { "me/private:1": { layers: [{ bytes: tarArchive([{ path: "file" }]) }] } };
const SECRET = `Basic ${btoa("me:secret")}`;

/** Gives the user a file of credentials. */
function writeCredentials(
  home: TestHome,
  text: string,
  { mode = 0o600, uid = TEST_UID } = {},
): string {
  const directory = `${home.env.XDG_CONFIG_HOME}/enroot`;
  const file = `${directory}/.credentials`;
  Deno.mkdirSync(directory, { recursive: true });
  Deno.writeTextFileSync(file, text);
  Deno.chmodSync(file, mode);
  if (Deno.uid() === 0) Deno.chownSync(file, uid, uid);
  return file;
}

function digest(home: TestHome, registry: string, image = "me/private:1") {
  return runEnroot(["digest", `docker://${registry}#${image}`], {
    home,
    env: { ENROOT_ALLOW_HTTP: "y", ENROOT_TRANSFER_RETRIES: "0" },
  });
}

Deno.test("a hostile registry gets neither a login nor a token of a server that it names", async () => {
  await using tokens = new RegistryServer({ auth: { scheme: "bearer" } });
  await using registry = serveRegistry(IMAGES);
  const realm = `${tokens.origin.replace("127.0.0.1", "localhost")}/token`;
  const challenges = [
    `Bearer realm="${realm}",service="s",scope="repository:me/private:pull,push"`,
    `Bearer realm="${realm}?scope=registry:catalog:*",service="s"`,
    `Bearer realm="${registry.origin}/token",service="s"`,
    'Basic realm="x"',
  ];
  const seen: (string | null)[] = [];
  registry.fault = (request) => {
    seen.push(request.headers.get("authorization"));
    const { pathname } = new URL(request.url);
    if (pathname === "/token") return Response.json({ token: "t" });
    return new Response(null, {
      status: 401,
      headers: { "www-authenticate": challenges.shift() ?? "" },
    });
  };
  using home = makeHome();
  writeCredentials(home, "machine localhost login me password secret\n");
  while (challenges.length > 0) {
    const { code, stderr } = await digest(home, registry.address);
    assertEquals(code, 1, stderr);
    assertStringIncludes(stderr, "Authenticating with user: <anonymous>");
  }
  for (const { path, headers } of tokens.requests) {
    assertEquals(headers.get("authorization"), null);
    const scopes = new URL(`http://x${path}`).searchParams.getAll("scope");
    assertEquals(scopes, ["repository:me/private:pull"]);
  }
  assertEquals(seen.includes(SECRET), false);
});

Deno.test("a registry gets the login that its user has for it, by its token server too", async () => {
  await using registry = serveRegistry(IMAGES, {
    auth: { scheme: "bearer", login: { user: "me", password: "secret" } },
  });
  using home = makeHome();
  writeCredentials(home, "machine 127.0.0.1 login me password secret\n");
  const { code, stdout, stderr } = await digest(home, registry.address);
  assertEquals(code, 0, stderr);
  assertEquals(stdout.startsWith("sha256:"), true);
  assertEquals(stderr.includes("[WARN]"), false, stderr);
});

Deno.test("credentials that other users can read are warned of once", async () => {
  await using registry = serveRegistry(IMAGES, { auth: { scheme: "bearer" } });
  using home = makeHome();
  const text = "machine 127.0.0.1 login me password secret\n";
  const file = writeCredentials(home, text, { mode: 0o644 });
  const { code, stderr } = await digest(home, registry.address);
  assertEquals(code, 0, stderr);
  const warnings = stderr.split("\n").filter((line) => line.startsWith("[WARN]"));
  assertEquals(warnings, [`[WARN] ${file} is open to other users (mode 644): chmod 600 ${file}`]);
});

twoUsersTest("credentials in a file of another user are warned of", async () => {
  await using registry = serveRegistry(IMAGES, { auth: { scheme: "bearer" } });
  using home = makeHome();
  // The user can read it although its mode says that its owner alone does: a mount that squashes
  // owners, an access list. A program that runs as root stands for all of these.
  const file = writeCredentials(home, "machine 127.0.0.1 login me password secret\n", {
    uid: NEIGHBOUR_UID,
  });
  const { code, stderr } = await runEnroot(
    ["digest", `docker://${registry.address}#me/private:1`],
    {
      home,
      asCaller: true,
      env: { ENROOT_ALLOW_HTTP: "y" },
    },
  );
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, `${file} belongs to another user (uid ${NEIGHBOUR_UID})`);
});

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import { capturedStderr } from "../../../tests/support/captured_stderr.ts";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { Credentials } from "./credentials.ts";
import type { LoginWish } from "./login.ts";

/** Files to make, by path below a temporary home directory. */
type Files = Record<string, string>;

const WISH: LoginWish = {
  registry: "registry.example.com:5000",
  repository: "team/app",
  tokenServer: undefined,
  user: undefined,
};
const HUB = { ...WISH, registry: "registry-1.docker.io", tokenServer: "auth.docker.io" };

/** `USER:SECRET` of the login found, with `token:` before an identity token; undefined for none. */
async function found(
  files: Files,
  wish: LoginWish = WISH,
  variables: (home: string) => Record<string, string> = (HOME) => ({ HOME }),
): Promise<string | undefined> {
  const home = Deno.makeTempDirSync();
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = `${home}/${path}`;
      Deno.mkdirSync(file.replace(/\/[^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(file, text, { mode: 0o600 });
    }
    const credentials = new Credentials({ configPath: home, environment: variables(home) });
    const login = await credentials.findLogin(wish);
    if (login === undefined) return undefined;
    const secret = await login.secret();
    const user = login.user;
    return secret.kind === "password" ? `${user}:${secret.text}` : `token:${user}:${secret.text}`;
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
}

function netrc(text: string, wish?: Partial<LoginWish>) {
  return found({ ".credentials": text }, { ...WISH, ...wish });
}

Deno.test("findLogin() finds nobody where there is nothing", async () => {
  assertEquals(await found({}), undefined);
  assertEquals(await found({}, WISH, () => ({})), undefined);
  assertEquals(await found({ ".docker/config.json": "" }), undefined);
  assertEquals(await found({ ".docker/config.json": "{}" }), undefined);
});

Deno.test("findLogin() takes the first entry of the machine, its port left out", async () => {
  const text = "machine other login x password y\n" +
    "machine registry.example.com login a password b\nmachine registry.example.com login c password d";
  assertEquals(await netrc(text), "a:b");
  assertEquals(await netrc(text, { user: "c" }), "c:d");
  assertEquals(await netrc(text, { registry: "example.com" }), undefined);
});

Deno.test("findLogin() prefers the entry of the token server for the same user", async () => {
  const text = "machine registry.example.com login a password b\n" +
    "machine auth.example.com login a password c\nmachine auth.example.com login x password y";
  assertEquals(await netrc(text, { tokenServer: "auth.example.com" }), "a:c");
  assertEquals(await netrc(text, { tokenServer: "auth.example.com", user: "x" }), "x:y");
  assertEquals(await netrc("machine docker.io login h password i", HUB), "h:i");
});

Deno.test("findLogin() takes a token server's entry only for registries that it has to do with", async () => {
  const text =
    "machine auth.docker.io login h password i\nmachine authn.nvidia.com login n password o";
  const hub = { tokenServer: "auth.docker.io" };
  const ngc = { tokenServer: "authn.nvidia.com" };
  assertEquals(await netrc(text, HUB), "h:i");
  assertEquals(await netrc(text, { registry: "nvcr.io", ...ngc }), "n:o");
  const lines = await capturedStderr(async () => {
    assertEquals(await netrc(text, hub), undefined);
    assertEquals(await netrc(text, { registry: "nvcr.io", ...hub }), undefined);
    assertEquals(await netrc(text, { ...HUB, ...ngc }), undefined);
    assertEquals(await netrc(text, { registry: "docker.io.example.com", ...hub }), undefined);
  });
  assertEquals(lines.length, 4);
  assertStringIncludes(
    lines[0] ?? "",
    "Not using the login of auth.docker.io for registry.example",
  );
  // A user who is named, or an entry of the registry, says that they belong together.
  assertEquals(await netrc(text, { ...hub, user: "h" }), "h:i");
  const both = `${text}\nmachine registry.example.com login h password own`;
  assertEquals(await netrc(both, hub), "h:i");
  assertEquals(await netrc(both, { ...hub, tokenServer: "elsewhere" }), "h:own");
  assertEquals(await netrc(both), "h:own");
});

Deno.test("findLogin() tells a registry's login from its token server's", async () => {
  const owner = async (wish: LoginWish) => {
    using temporary = makeTemporaryDirectory();
    const home = temporary.path;
    const text = "machine docker.io login a password b\nmachine auth.docker.io login a password c";
    Deno.writeTextFileSync(`${home}/.credentials`, text, { mode: 0o600 });
    const credentials = new Credentials({ configPath: home, environment: {} });
    return (await credentials.findLogin(wish))?.owner;
  };
  assertEquals(await owner(HUB), "token server");
  assertEquals(await owner({ ...HUB, tokenServer: undefined }), "registry");
});

Deno.test("findLogin() warns once of a file that others can read", async () => {
  using temporary = makeTemporaryDirectory();
  const home = temporary.path;
  const file = `${home}/.credentials`;
  Deno.writeTextFileSync(file, "machine registry.example.com login a password b");
  const look = () =>
    capturedStderr(async () => {
      const credentials = new Credentials({ configPath: home, environment: {} });
      for (let time = 0; time < 2; time++) {
        assertEquals((await credentials.findLogin(WISH))?.user, "a");
      }
    });
  for (const mode of [0o644, 0o640, 0o602]) {
    Deno.chmodSync(file, mode);
    const lines = await look();
    const octal = mode.toString(8);
    assertEquals(lines, [
      `[WARN] ${file} is open to other users (mode ${octal}): chmod 600 ${file}`,
    ]);
  }
  Deno.chmodSync(file, 0o600);
  assertEquals(await look(), []);
});

Deno.test("findLogin() expands a password that begins with $ by a shell", async () => {
  const entry = (password: string) => `machine registry.example.com login a password ${password}\n`;
  assertEquals(await netrc(entry("$(echo x y; echo z)")), "a:x y z");
  assertEquals(await netrc(entry('$(printf "%s" "{\\"a\\":\\"b\\\\n*\\"}")')), 'a:{"a":"b\\n*"}');
  assertEquals(await netrc(entry("$(echo p | tr p q)") + "machine x login y password z"), "a:q");
  assertEquals(
    await netrc(entry("$(echo -n)") + entry("c"), { user: "b" }).catch(String)
      .then((text) => String(text).includes("no password")),
    true,
  );
});

Deno.test("findLogin() does not show what the shell expression is when it fails", async () => {
  for (const password of ["$(echo SECRET >/dev/null)", "$(exit 3)", "$(", "$UNSET_VARIABLE"]) {
    const text = `machine registry.example.com login a password ${password}`;
    const error = await assertRejects(() => netrc(text), EnrootError, "Cannot evaluate");
    assertEquals(error.message.includes("SECRET"), false);
  }
});

const AUTH = btoa("dö:ck:er");
const entry = (key: string, value: unknown = { auth: AUTH }) =>
  JSON.stringify({ auths: { "other.example.com": { auth: btoa("o:o") }, [key]: value } });

Deno.test("findLogin() reads docker's config.json after its own file", async () => {
  // `auth` is Latin-1 as btoa() makes it, and UTF-8 as docker does.
  const utf8 = btoa(String.fromCharCode(...new TextEncoder().encode("dö:ck:er")));
  const file = entry("registry.example.com:5000", { auth: utf8 });
  assertEquals(await found({ ".docker/config.json": file }), "dö:ck:er");
  const own = "machine registry.example.com login a password b";
  assertEquals(await found({ ".docker/config.json": file, ".credentials": own }), "a:b");
});

Deno.test("findLogin() knows every way to write a registry's name in config.json", async () => {
  const plain = { username: "a", password: "b" };
  for (const key of ["https://registry.example.com:5000", "http://registry.example.com:5000/v2/"]) {
    assertEquals(await found({ ".docker/config.json": entry(key, plain) }), "a:b");
  }
  for (const key of ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"]) {
    assertEquals(await found({ ".docker/config.json": entry(key, plain) }, HUB), "a:b");
  }
  assertEquals(await found({ ".docker/config.json": entry("example.com:5000", plain) }), undefined);
});

Deno.test("findLogin() prefers the entry of a repository to the registry's", async () => {
  const file = JSON.stringify({
    auths: {
      "registry.example.com:5000": { auth: btoa("r:r") },
      "registry.example.com:5000/team": { auth: btoa("t:t") },
      "registry.example.com:5000/team/application": { auth: btoa("x:x") },
    },
  });
  assertEquals(await found({ ".docker/config.json": file }), "t:t");
  assertEquals(await found({ ".docker/config.json": file }, { ...WISH, repository: "b" }), "r:r");
});

Deno.test("findLogin() passes over another user's entry", async () => {
  const file = entry("registry.example.com:5000", { auth: btoa("a:b") });
  assertEquals(await found({ ".docker/config.json": file }, { ...WISH, user: "a" }), "a:b");
  await assertRejects(
    () => found({ ".docker/config.json": file }, { ...WISH, user: "z" }),
    EnrootError,
    "Cannot authenticate as z at registry.example.com:5000: no password in",
  );
});

Deno.test("findLogin() takes identity tokens", async () => {
  const file = entry("registry.example.com:5000", { auth: btoa("a:"), identitytoken: "t" });
  assertEquals(await found({ ".docker/config.json": file }), "token:a:t");
});

Deno.test("findLogin() looks where the variables say", async () => {
  const files = Object.fromEntries(
    ["auth.json", "run/containers/auth.json", "docker/config.json", ".docker/config.json"]
      .map((path) => [path, entry("registry.example.com:5000", { auth: btoa(`${path}:p`) })]),
  );
  const all = (home: string) => ({
    HOME: home,
    REGISTRY_AUTH_FILE: `${home}/auth.json`,
    XDG_RUNTIME_DIR: `${home}/run`,
    DOCKER_CONFIG: `${home}/docker`,
  });
  assertEquals(await found(files, WISH, all), "auth.json:p");
  const { "auth.json": _, ...others } = files;
  assertEquals(await found(others, WISH, all), "run/containers/auth.json:p");
  const docker = (home: string) => ({ HOME: home, DOCKER_CONFIG: `${home}/docker` });
  assertEquals(await found(files, WISH, docker), "docker/config.json:p");
  assertEquals(await found(files), ".docker/config.json:p");
});

Deno.test("findLogin() says which file is malformed, but not what is in it", async () => {
  for (
    const text of ['{"auths": SECRET', entry("registry.example.com:5000", { auth: "SECRET" })]
  ) {
    const [line = "", ...more] = await capturedStderr(() => found({ ".docker/config.json": text }));
    assertMatch(line, /^\[WARN\] Cannot read \S+\/\.docker\/config\.json: /);
    assertEquals(line.includes("SECRET"), false);
    assertEquals(more, []);
  }
});

const HELPER = `#!/bin/sh
read -r server
[ "$1" = get ] || exit 2
case $server in
registry.example.com:5000) echo '{"ServerURL":"x","Username":"h","Secret":"s"}' ;;
https://index.docker.io/v1/) echo '{"Username":"<token>","Secret":"t"}' ;;
broken) echo "{SECRET" ;;
crash) echo "cannot reach the keychain"; exit 1 ;;
*) echo "credentials not found in native keychain"; exit 1 ;;
esac
`;

/** With the helper program `docker-credential-test` in PATH. */
async function withHelper(
  config: unknown,
  wish: LoginWish = WISH,
): Promise<string | undefined> {
  const directory = Deno.makeTempDirSync();
  const path = Deno.env.get("PATH") ?? "";
  Deno.writeTextFileSync(`${directory}/docker-credential-test`, HELPER, { mode: 0o755 });
  Deno.env.set("PATH", `${directory}:${path}`);
  try {
    return await found({ ".docker/config.json": JSON.stringify(config) }, wish);
  } finally {
    Deno.env.set("PATH", path);
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("findLogin() asks credential helpers", async () => {
  const auths = { "registry.example.com:5000": { auth: btoa("a:b") } };
  const credHelpers = { "registry.example.com:5000": "test" };
  assertEquals(await withHelper({ auths, credHelpers }), "h:s");
  assertEquals(await withHelper({ auths, credsStore: "test" }), "h:s");
  assertEquals(await withHelper({ credsStore: "test" }, HUB), "token:<token>:t");
  const elsewhere = { ...WISH, registry: "elsewhere" };
  assertEquals(await withHelper({ auths, credsStore: "test" }, elsewhere), undefined);
  const fallback = { auths: { elsewhere: { auth: btoa("a:b") } }, credsStore: "test" };
  assertEquals(await withHelper(fallback, elsewhere), "a:b");
});

Deno.test("findLogin() warns of helpers that fail, without what they print, and goes on", async () => {
  const warning = async (registry: string, credsStore = "test") => {
    const lines = await capturedStderr(async () => {
      assertEquals(await withHelper({ credsStore }, { ...WISH, registry }), undefined);
    });
    assertEquals(lines.length, 1);
    return lines.join();
  };
  assertStringIncludes(await warning("crash"), "cannot reach the keychain");
  const broken = await warning("broken");
  assertStringIncludes(broken, "not JSON");
  assertEquals(broken.includes("SECRET"), false);
  assertStringIncludes(await warning("x", "absent"), "Command not found: docker-credential-absent");
  assertStringIncludes(await warning("x", "../../bin/sh"), "Invalid credential helper");
});

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import type { Digest } from "../../formats/oci/mod.ts";
import {
  defaultName,
  manifestSelector,
  parseReference,
  provenance,
  type RegistryReference,
  unknownSchemeError,
} from "./reference.ts";

const HEX = "0123456789abcdef".repeat(4);
const DIGEST: Digest = `sha256:${HEX}`;

const HUB = {
  user: undefined,
  registry: "registry-1.docker.io",
  tag: undefined,
  digest: undefined,
};

/** What follows `docker://`, what it means, and the name the image gets. */
const VALID: [string, RegistryReference, string][] = [
  ["ubuntu", { ...HUB, repository: "library/ubuntu" }, "ubuntu"],
  ["ubuntu:22.04", { ...HUB, repository: "library/ubuntu", tag: "22.04" }, "ubuntu+22.04"],
  ["library/ubuntu", { ...HUB, repository: "library/ubuntu" }, "ubuntu"],
  ["nvidia/cuda:12", { ...HUB, repository: "nvidia/cuda", tag: "12" }, "nvidia+cuda+12"],
  ["docker.io/ubuntu", { ...HUB, repository: "library/ubuntu" }, "ubuntu"],
  ["docker.io#ubuntu", { ...HUB, repository: "library/ubuntu" }, "ubuntu"],
  ["index.docker.io/a/b", { ...HUB, repository: "a/b" }, "a+b"],
  ["registry-1.docker.io#a", { ...HUB, repository: "library/a" }, "a"],
  ["localhost/x", { ...HUB, repository: "localhost/x" }, "localhost+x"],
  ["host:5000", { ...HUB, repository: "library/host", tag: "5000" }, "host+5000"],
  ["a__b/c--d.e", { ...HUB, repository: "a__b/c--d.e" }, "a__b+c--d.e"],
  ["me@ubuntu", { ...HUB, user: "me", repository: "library/ubuntu" }, "ubuntu"],
  [
    `ubuntu@${DIGEST}`,
    { ...HUB, repository: "library/ubuntu", digest: DIGEST },
    `ubuntu+${DIGEST}`,
  ],
  [
    "nvcr.io#nvidia/cuda:12.4.1-base",
    { ...HUB, registry: "nvcr.io", repository: "nvidia/cuda", tag: "12.4.1-base" },
    "nvidia+cuda+12.4.1-base",
  ],
  [
    "nvcr.io/nvidia/cuda:12",
    { ...HUB, registry: "nvcr.io", repository: "nvidia/cuda", tag: "12" },
    "nvidia+cuda+12",
  ],
  [
    "$oauthtoken@nvcr.io#nvidia/cuda",
    { ...HUB, user: "$oauthtoken", registry: "nvcr.io", repository: "nvidia/cuda" },
    "nvidia+cuda",
  ],
  [
    "robot$project+name@harbor.example.com/project/app",
    {
      ...HUB,
      user: "robot$project+name",
      registry: "harbor.example.com",
      repository: "project/app",
    },
    "project+app",
  ],
  [
    "me@example.com@ghcr.io/o/r",
    { ...HUB, user: "me@example.com", registry: "ghcr.io", repository: "o/r" },
    "o+r",
  ],
  ["localhost:5000/x", { ...HUB, registry: "localhost:5000", repository: "x" }, "x"],
  [
    "localhost:5000#a/b/c:t",
    { ...HUB, registry: "localhost:5000", repository: "a/b/c", tag: "t" },
    "a+b+c+t",
  ],
  ["[::1]:5000#x", { ...HUB, registry: "[::1]:5000", repository: "x" }, "x"],
  ["registry#x", { ...HUB, registry: "registry", repository: "x" }, "x"],
  ["registry#library/x", { ...HUB, registry: "registry", repository: "library/x" }, "library+x"],
  [
    `u@h.io#a:t@${DIGEST}`,
    { user: "u", registry: "h.io", repository: "a", tag: "t", digest: DIGEST },
    `a+${DIGEST}`,
  ],
  [
    `h.io/a:${DIGEST}`,
    { ...HUB, registry: "h.io", repository: "a", digest: DIGEST },
    `a+${DIGEST}`,
  ],
];

for (const [text, reference, name] of VALID) {
  Deno.test(`parseReference() reads docker://${text}`, () => {
    assertEquals(parseReference(`docker://${text}`), reference);
    assertEquals(defaultName(reference), name);
  });
}

const INVALID = [
  "docker://",
  "docker://#ubuntu",
  "docker://@ubuntu",
  "docker://ubuntu:",
  "docker://ubuntu:a/b",
  "docker://ubuntu:a b",
  "docker://../../etc",
  "docker://a/../b",
  "docker://a//b",
  "docker://h.io/",
  "docker://a?b",
  "docker://a\nb",
  "docker://evil.com%2f@x#a%2e",
  "docker://host:99999999/x",
  `docker://ubuntu@sha256:${HEX.slice(1)}`,
  `docker://ubuntu@md5:${HEX}`,
  `docker://${"a".repeat(300)}`,
  "dockerd://ubuntu",
  "ubuntu",
  "",
];

for (const uri of INVALID) {
  Deno.test(`parseReference() refuses ${JSON.stringify(uri)}`, () => {
    assertThrows(() => parseReference(uri), EnrootError, `Invalid image reference: ${uri}`);
  });
}

for (
  const text of [
    "x@sha256:short",
    "x:sha256:short",
    "x@sha256:",
    "h.io/a:t@sha512:" + HEX,
    `x@sha256:${HEX.toUpperCase()}0`,
    `u@h.io#a@md5:${HEX.slice(32)}`,
  ]
) {
  Deno.test(`parseReference() says that what ${JSON.stringify(text)} ends in is no digest`, () => {
    assertThrows(() => parseReference(`docker://${text}`), EnrootError, "(not a digest: ");
  });
}

Deno.test("parseReference() takes SHA-512 digests, and ports for no digests", () => {
  const digest: Digest = `sha512:${HEX}${HEX}`;
  assertEquals(parseReference(`docker://h.io/a:t@${digest}`).digest, digest);
  assertEquals(parseReference(`docker://a:${digest}`).digest, digest);
  assertEquals(parseReference("docker://u@sha256:5000/a").registry, "sha256:5000");
});

Deno.test("parseReference() says that image names are lower case", () => {
  assertThrows(() => parseReference("docker://Ubuntu"), EnrootError, "lower case");
});

Deno.test("manifestSelector() prefers the digest, then the tag, then latest", () => {
  assertEquals(manifestSelector(parseReference("docker://a")), "latest");
  assertEquals(manifestSelector(parseReference("docker://a:b")), "b");
  assertEquals(manifestSelector(parseReference(`docker://a:b@${DIGEST}`)), DIGEST);
});

Deno.test("provenance() writes registry, repository and tag in full, but no user", () => {
  assertEquals(
    provenance(parseReference("docker://me@ubuntu")),
    "docker://registry-1.docker.io#library/ubuntu:latest",
  );
  assertEquals(
    provenance(parseReference(`docker://h.io/a:b@${DIGEST}`)),
    `docker://h.io#a:b@${DIGEST}`,
  );
});

Deno.test("unknownSchemeError() says what to write for a bare image name", () => {
  for (const uri of ["ubuntu", "nvcr.io/nvidia/cuda:12"]) {
    const { message } = unknownSchemeError(uri);
    assertStringIncludes(message, `Invalid image reference: ${uri}`);
    assertStringIncludes(message, `write docker://${uri}`);
  }
  assertEquals(unknownSchemeError("http://x y").message, "Invalid image reference: http://x y");
});

Deno.test("unknownSchemeError() recognises an existing file", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const archive = `${directory}/image.tar`;
    Deno.writeTextFileSync(archive, "");
    assertStringIncludes(unknownSchemeError(archive).message, `docker-archive:${archive}`);
    const squashfs = `${directory}/image.sqsh`;
    Deno.writeTextFileSync(squashfs, "");
    assertStringIncludes(unknownSchemeError(squashfs).message, `enroot create ${squashfs}`);
    assertEquals(unknownSchemeError(directory).message, `Invalid image reference: ${directory}`);
    Deno.writeTextFileSync(`${directory}/oci-layout`, "{}");
    assertStringIncludes(unknownSchemeError(directory).message, `write oci:${directory}`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

import { assert, assertEquals } from "@std/assert";
import { type Needs, requiring } from "../../../../tests/support/requires.ts";
import { byteString } from "../../../bytes/mod.ts";
import { ERRNO, OPCODE, Request } from "../../../formats/fuse/mod.ts";
import {
  nameBody,
  rangeBody,
  requestBytes,
  type RequestFields,
} from "../../../../tests/support/fuse_requests.ts";
import { anonymousFile, close, pwrite } from "../../../linux/mod.ts";
import { ImageService } from "./image_service.ts";
import { rehearse } from "./rehearsal.ts";
import { type Owner, ServedImage } from "./served_image.ts";

const ROOT = 1;
/** Tools that make sample images. */
const NEEDS: Needs = { programs: ["mksquashfs", "setfattr"], xattrs: true };

/** Defines a test that needs sample images. */
function test(name: string, fn: () => void, needs: Needs = {}): void {
  Deno.test({
    ...requiring({ ...NEEDS, ...needs }, name),
    // The C library stays loaded.
    sanitizeResources: false,
    fn,
  });
}

/** The bytes of an image of a small tree; a shell command may change the tree, `$1`, first. */
function sampleImage(options: readonly string[] = [], change = ":"): Uint8Array {
  const path = Deno.makeTempDirSync({ prefix: "enroot-service-" });
  try {
    const tree = `${path}/tree`;
    Deno.mkdirSync(`${tree}/directory`, { recursive: true });
    Deno.writeTextFileSync(`${tree}/file`, "contents\n".repeat(30_000));
    Deno.writeTextFileSync(`${tree}/small`, "small");
    Deno.symlinkSync("file", `${tree}/link`);
    for (let index = 0; index < 600; index++) {
      Deno.writeTextFileSync(`${tree}/directory/file_with_a_name_${index}`, `${index}`);
    }
    const { success } = new Deno.Command("sh", {
      args: [
        "-c",
        `setfattr -n user.key -v value "$1/small"; ${change}; ` +
        'tree=$1 image=$2; shift 2; exec mksquashfs "$tree" "$image" -quiet -no-progress "$@"',
        ...["sh", tree, `${path}/image`, ...options],
      ],
      stderr: "null",
    }).outputSync();
    assert(success);
    return Deno.readFileSync(`${path}/image`);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

/** A service of an image in memory, and a way to ask it. */
interface TestService extends Disposable {
  service: ImageService;
  failures: unknown[];
  /** @returns error number and data of the reply; null if there is none */
  ask(fields: RequestFields): { errno: number; data: Uint8Array; view: DataView } | null;
}

function serviceOf(image: Uint8Array, owner: Owner | null = null): TestService {
  const imageFd = anonymousFile("image", { inherit: false });
  try {
    pwrite(imageFd, image, { offset: 0 });
    const failures: unknown[] = [];
    const service = new ImageService(new ServedImage({ imageFd, offset: 0, owner }), {
      onFailure: (error) => failures.push(error),
    });
    const request = new Request();
    return {
      service,
      failures,
      ask(fields) {
        const bytes = requestBytes({ unique: 77n, ...fields });
        request.buffer.set(bytes);
        assert(request.receive(bytes.length));
        const reply = service.answer(request);
        if (reply === null) return null;
        const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
        assertEquals(view.getUint32(0, true), reply.length);
        assertEquals(view.getBigUint64(8, true), 77n);
        const errno = 0 - view.getInt32(4, true);
        assert(errno >= 0 && errno < 133 && (errno === 0 || reply.length === 16));
        return {
          errno,
          data: reply.subarray(16),
          view: new DataView(reply.buffer, reply.byteOffset + 16, reply.length - 16),
        };
      },
      [Symbol.dispose]: () => close(imageFd),
    };
  } catch (error) {
    close(imageFd);
    throw error;
  }
}

/** The node number of a name in the root directory. */
function lookUp({ ask }: TestService, name: string): number {
  const reply = ask({ opcode: OPCODE.LOOKUP, nodeId: ROOT, body: nameBody(name) });
  assertEquals(reply?.errno, 0);
  return Number(reply?.view.getBigUint64(0, true));
}

test("ImageService looks names up and remembers which there are not", () => {
  using service = serviceOf(sampleImage());
  const file = lookUp(service, "file");
  assert(file > 1);
  assertEquals(lookUp(service, "file"), file);
  assertEquals(lookUp(service, "no such file"), 0);
  assertEquals(lookUp(service, "n".repeat(256)), 0);
  const long = { opcode: OPCODE.LOOKUP, nodeId: ROOT, body: nameBody("n".repeat(257)) };
  assertEquals(service.ask(long)?.errno, ERRNO.ENAMETOOLONG);
  const inFile = service.ask({ opcode: OPCODE.LOOKUP, nodeId: file, body: nameBody("x") });
  assertEquals(inFile?.errno, ERRNO.ENOTDIR);
});

test("ImageService reads files to their end and not beyond", () => {
  using service = serviceOf(sampleImage());
  const nodeId = lookUp(service, "file");
  const read = (offset: number, size: number) =>
    service.ask({ opcode: OPCODE.READ, nodeId, body: rangeBody(offset, size) });
  assertEquals(byteString(read(8, 10)?.data ?? new Uint8Array()), "\ncontents\n");
  assertEquals(read(269_990, 4096)?.data.length, 10);
  assertEquals(read(270_000, 4096)?.data.length, 0);
  assertEquals(read(0, 1 << 20)?.data.length, 270_000);
  assertEquals(read(0, (1 << 20) + 1)?.errno, ERRNO.EINVAL);
  const beyond = rangeBody(0, 1);
  new DataView(beyond.buffer).setBigUint64(8, 1n << 60n, true);
  assertEquals(service.ask({ opcode: OPCODE.READ, nodeId, body: beyond })?.errno, ERRNO.EINVAL);
  const link = lookUp(service, "link");
  for (const nodeId of [ROOT, link]) {
    const reply = service.ask({ opcode: OPCODE.READ, nodeId, body: rangeBody(0, 1) });
    assertEquals(reply?.errno, ERRNO.EISDIR);
  }
});

test("ImageService reads links, and nothing else as one", () => {
  using service = serviceOf(sampleImage());
  const link = service.ask({ opcode: OPCODE.READLINK, nodeId: lookUp(service, "link") });
  assertEquals(byteString(link?.data ?? new Uint8Array()), "file");
  assertEquals(service.ask({ opcode: OPCODE.READLINK, nodeId: ROOT })?.errno, ERRNO.EINVAL);
});

test("ImageService lists a directory in pages, from wherever the last one ended", () => {
  using service = serviceOf(sampleImage());
  const nodeId = lookUp(service, "directory");
  for (const [opcode, before] of [[OPCODE.READDIR, 0], [OPCODE.READDIRPLUS, 128]] as const) {
    for (const size of [400, 4096, 1 << 20]) {
      const names: string[] = [];
      let offset = 0;
      for (let pages = 0; pages < 1000; pages++) {
        const reply = service.ask({ opcode, nodeId, body: rangeBody(offset, size) });
        assertEquals(reply?.errno, 0);
        if (reply === null || reply.data.length === 0) break;
        assert(reply.data.length <= size);
        for (let at = 0; at < reply.data.length;) {
          const length = reply.view.getUint32(at + before + 16, true);
          offset = Number(reply.view.getBigUint64(at + before + 8, true));
          const start = at + before + 24;
          names.push(byteString(reply.data, start, start + length));
          at += (before + 24 + length + 7) & ~7;
        }
      }
      assertEquals(names.length, 602);
      assertEquals(names.slice(0, 3), [".", "..", "file_with_a_name_0"]);
      assertEquals(new Set(names).size, 602);
    }
  }
  // An offset that nobody was told, and directories that are none.
  const body = rangeBody(5000, 4096);
  assertEquals(service.ask({ opcode: OPCODE.READDIR, nodeId, body })?.data.length, 0);
  const file = lookUp(service, "file");
  assertEquals(
    service.ask({ opcode: OPCODE.READDIRPLUS, nodeId: file, body })?.errno,
    ERRNO.ENOTDIR,
  );
});

test("ImageService has no names in room for none", () => {
  using service = serviceOf(sampleImage());
  const reply = service.ask({ opcode: OPCODE.READDIR, nodeId: ROOT, body: rangeBody(0, 31) });
  assertEquals([reply?.errno, reply?.data.length], [0, 0]);
});

test("ImageService tells extended attributes, their length first", () => {
  using service = serviceOf(sampleImage(["-xattrs"]));
  const nodeId = lookUp(service, "small");
  const get = (name: string, room: number) => {
    const body = nameBody(name, 8);
    new DataView(body.buffer).setUint32(0, room, true);
    return service.ask({ opcode: OPCODE.GETXATTR, nodeId, body });
  };
  assertEquals(get("user.key", 0)?.view.getUint32(0, true), 5);
  assertEquals(byteString(get("user.key", 5)?.data ?? new Uint8Array()), "value");
  assertEquals(get("user.key", 4)?.errno, ERRNO.ERANGE);
  assertEquals(get("user.other", 100)?.errno, ERRNO.ENODATA);
  const list = (room: number) => {
    const body = new Uint8Array(8);
    new DataView(body.buffer).setUint32(0, room, true);
    return service.ask({ opcode: OPCODE.LISTXATTR, nodeId, body });
  };
  assertEquals(list(0)?.view.getUint32(0, true), 9);
  assertEquals(byteString(list(9)?.data ?? new Uint8Array()), "user.key\0");
  assertEquals(list(8)?.errno, ERRNO.ERANGE);
});

test("ImageService hides attributes that an overlay could not copy", () => {
  const image = sampleImage(
    ["-xattrs"],
    'setfattr -n trusted.key -v 1 "$1/small"; ' +
      'setcap cap_net_raw+ep "$1/small"',
  );
  const listed = (owner: Owner | null, uid: number) => {
    using service = serviceOf(image, owner);
    const body = new Uint8Array(8);
    body[1] = 1;
    const nodeId = lookUp(service, "small");
    const reply = service.ask({ opcode: OPCODE.LISTXATTR, nodeId, uid, body });
    return byteString(reply?.data ?? new Uint8Array()).split("\0").toSorted().slice(1);
  };
  const all = ["security.capability", "trusted.key", "user.key"];
  assertEquals(listed(null, 0), all);
  assertEquals(listed(null, 1000), [all[0], all[2]]);
  assertEquals(listed({ uid: 0, gid: 0 }, 0), [all[0], all[2]]);
  assertEquals(listed({ uid: 1000, gid: 1000 }, 1000), [all[2]]);
}, { root: true });

test("ImageService has the kernel ask once for attributes of an image without any", () => {
  using service = serviceOf(sampleImage(["-no-xattrs"]));
  const get = { opcode: OPCODE.GETXATTR, nodeId: ROOT, body: nameBody("user.key", 8) };
  assertEquals(service.ask(get)?.errno, ERRNO.ENOSYS);
  const list = { opcode: OPCODE.LISTXATTR, nodeId: ROOT, body: new Uint8Array(8) };
  assertEquals(service.ask(list)?.errno, ERRNO.ENOSYS);
});

test("ImageService gives all files to the owner it was told, or leaves them to theirs", () => {
  const image = sampleImage(["-force-uid", "12", "-force-gid", "34"]);
  for (const [owner, expected] of [[null, [12, 34]], [{ uid: 5, gid: 6 }, [5, 6]]] as const) {
    using service = serviceOf(image, owner);
    const view = service.ask({ opcode: OPCODE.GETATTR, nodeId: ROOT })?.view;
    assertEquals([view?.getUint32(84, true), view?.getUint32(88, true)], [...expected]);
  }
});

test("ImageService spares the kernel OPEN where it offers that, and answers it where not", () => {
  using service = serviceOf(sampleImage());
  const open = () =>
    [OPCODE.OPEN, OPCODE.OPENDIR].map((opcode) => service.ask({ opcode, nodeId: ROOT })?.errno);
  const init = (flags: number) => {
    const body = new Uint8Array(64);
    const view = new DataView(body.buffer);
    [7, 40, 4096, flags].forEach((value, index) => view.setUint32(4 * index, value, true));
    return service.ask({ opcode: OPCODE.INIT, body })?.data.length;
  };
  assertEquals(init(0), 64);
  assertEquals(open(), [0, 0]);
  assertEquals(init(1 << 17), 64);
  assertEquals(open(), [ERRNO.ENOSYS, 0]);
  assertEquals(init(1 << 17 | 1 << 24), 64);
  assertEquals(open(), [ERRNO.ENOSYS, ERRNO.ENOSYS]);
});

test("ImageService does not answer what wants no answer, and says what it does not do", () => {
  using service = serviceOf(sampleImage());
  assertEquals(service.ask({ opcode: OPCODE.FORGET, body: new Uint8Array(8) }), null);
  assertEquals(service.ask({ opcode: OPCODE.BATCH_FORGET, body: new Uint8Array(8) }), null);
  for (const opcode of [4, 16, 34, 36, 25, 46, 52, 4096, 0xffffffff]) {
    assertEquals(service.ask({ opcode })?.errno, ERRNO.ENOSYS);
  }
  for (const opcode of [OPCODE.RELEASE, OPCODE.RELEASEDIR, OPCODE.DESTROY]) {
    assertEquals(service.ask({ opcode })?.errno, 0);
  }
  assertEquals(service.ask({ opcode: OPCODE.STATFS })?.data.length, 80);
  assertEquals(service.failures, []);
});

test("ImageService refuses requests that are cut short and files that there are not", () => {
  using service = serviceOf(sampleImage());
  for (const opcode of [OPCODE.READ, OPCODE.READDIR, OPCODE.LOOKUP, OPCODE.GETXATTR, OPCODE.INIT]) {
    assertEquals(service.ask({ opcode, body: new Uint8Array(1) })?.errno, ERRNO.EINVAL);
  }
  assertEquals(service.failures, []);
  for (const nodeId of [0, 2 ** 47, Number.MAX_SAFE_INTEGER]) {
    assertEquals(service.ask({ opcode: OPCODE.GETATTR, nodeId })?.errno, ERRNO.EIO);
  }
  assertEquals(service.failures.length, 3);
});

test("ImageService survives every damage to an image and answers all the same", () => {
  for (const options of [["-comp", "gzip"], ["-noI", "-noD", "-noF", "-noX"]]) {
    const image = sampleImage(options);
    const { inodes, end } = tablesOf(image);
    let opened = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const damaged = image.slice(0, seed % 10 === 0 ? end - seed : end);
      for (let change = 0; change < 1 + seed % 4; change++) {
        const mixed = Math.imul(seed * 4 + change, 0x9e3779b1) >>> 0;
        // Mostly in the tables, as data have little to get wrong.
        const from = mixed % 8 === 0 ? 96 : inodes;
        damaged[from + (mixed >>> 3) % (damaged.length - from)] = mixed >>> 24;
      }
      opened += exercise(damaged) ? 1 : 0;
    }
    assert(opened > 100);
  }
});

function tablesOf(image: Uint8Array): { inodes: number; end: number } {
  const view = new DataView(image.buffer);
  return {
    inodes: Number(view.getBigUint64(64, true)),
    end: Number(view.getBigUint64(40, true)),
  };
}

/** Asks for everything in an image. @returns whether it could be opened */
function exercise(image: Uint8Array): boolean {
  let service: TestService;
  try {
    service = serviceOf(image);
  } catch {
    return false;
  }
  using opened = service;
  const nodes = new Set([ROOT]);
  let asked = 0;
  for (const nodeId of nodes) {
    if (++asked > 80) break;
    const page = opened.ask({ opcode: OPCODE.READDIRPLUS, nodeId, body: rangeBody(0, 1 << 20) });
    for (let at = 0; page !== null && at < page.data.length;) {
      nodes.add(Number(page.view.getBigUint64(at, true)));
      at += (152 + page.view.getUint32(at + 144, true) + 7) & ~7;
    }
    opened.ask({ opcode: OPCODE.LOOKUP, nodeId, body: nameBody("file_with_a_name_99") });
    opened.ask({ opcode: OPCODE.GETATTR, nodeId });
    opened.ask({ opcode: OPCODE.READLINK, nodeId });
    opened.ask({ opcode: OPCODE.READ, nodeId, body: rangeBody(0, 131_072) });
    opened.ask({ opcode: OPCODE.READ, nodeId, body: rangeBody(262_144, 131_072) });
    opened.ask({ opcode: OPCODE.LISTXATTR, nodeId, body: new Uint8Array(8) });
    opened.ask({ opcode: OPCODE.GETXATTR, nodeId, body: nameBody("user.key", 8) });
  }
  return true;
}

test("rehearse() asks for what is there and what is not, and changes no answer", () => {
  const change = 'cd "${1:?}" && mkdir -p etc usr/bin && echo x > etc/passwd && ln -s usr/bin bin';
  for (const image of [sampleImage(), sampleImage([], change)]) {
    using opened = serviceOf(image);
    const ask = () => opened.ask({ opcode: OPCODE.LOOKUP, nodeId: ROOT, body: nameBody("small") });
    const before = ask()?.data.slice();
    assert([...rehearse(opened.service)].length >= 4);
    assertEquals(ask()?.data, before);
    assertEquals(opened.failures, []);
  }
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../tests/support/requires.ts";
import { OpensslContext } from "./openssl.ts";

Deno.test({
  ...requiring({ libssl: true }, "handshake() waits for the server, and fails on what is no TLS"),
  fn() {
    using context = new OpensslContext([]);
    using session = context.session("registry.test");
    assertEquals(session.handshake(), false);
    // A handshake record (RFC 8446 section 5.1), in which the server is named.
    const hello = session.toSend();
    assertEquals(hello.subarray(0, 2), new Uint8Array([22, 3]));
    assert(new TextDecoder("latin1").decode(hello).includes("registry.test"));
    assertEquals(session.toSend().length, 0);
    assertEquals(session.handshake(), false);
    session.receive(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assertThrows(() => session.handshake(), Error, "OpenSSL: ");
  },
});

Deno.test({
  ...requiring({ libssl: true }, "a session that is disposed of refuses everything"),
  fn() {
    const context = new OpensslContext([new Uint8Array([1, 2, 3])]);
    const session = context.session("127.0.0.1");
    context[Symbol.dispose]();
    context[Symbol.dispose]();
    assertEquals(session.handshake(), false);
    session[Symbol.dispose]();
    session[Symbol.dispose]();
    const bytes = new Uint8Array(8);
    for (
      const call of [
        () => session.handshake(),
        () => session.read(bytes),
        () => session.write(bytes),
        () => session.receive(bytes),
        () => session.toSend(),
      ]
    ) assertThrows(call, Error, "has been closed");
    assertThrows(() => context.session("127.0.0.1"), Error);
  },
});

Deno.test({
  ...requiring({ libssl: true }, "contexts and sessions give their memory back"),
  fn() {
    const begin = (times: number) => {
      for (let time = 0; time < times; time++) {
        using context = new OpensslContext([]);
        using session = context.session("registry.test");
        session.handshake();
        session.receive(session.toSend());
      }
    };
    begin(100);
    const before = Deno.memoryUsage().rss;
    begin(2000);
    // Together they take more than 20 KiB.
    assert(Deno.memoryUsage().rss - before < 20 << 20);
  },
});

import { assertEquals } from "@std/assert";
import { parseNetrc } from "./netrc.ts";

function summary(text: string): string[] {
  return parseNetrc(text).map(({ machine, login, password }) =>
    `${machine} ${login} ` +
    (password.kind === "literal" ? `"${password.text}"` : `sh:${password.words}`)
  );
}

Deno.test("parseNetrc() reads entries on one line and over several", () => {
  assertEquals(
    summary(
      "machine a login u password p\nmachine b\n\tlogin v\n\tpassword q\nmachine c password r login w",
    ),
    ['a u "p"', 'b v "q"', 'c w "r"'],
  );
});

Deno.test("parseNetrc() takes a password that begins with $ to the end of its line", () => {
  assertEquals(
    summary(
      "machine a login AWS password $(aws ecr get-login-password --region x)  \n" +
        "machine b login $oauthtoken password $TOKEN\nmachine c login $oauthtoken password p$x",
    ),
    [
      "a AWS sh:$(aws ecr get-login-password --region x)",
      "b $oauthtoken sh:$TOKEN",
      'c $oauthtoken "p$x"',
    ],
  );
});

Deno.test("parseNetrc() skips comments, macros, accounts and the default entry", () => {
  assertEquals(
    summary(
      "# machine x login y password z\n  # more\nmachine a login u account n password p#1\n" +
        "macdef init\nmachine m login m password m\n\ndefault login d password e\n" +
        "machine b login v password q",
    ),
    ['a u "p#1"', 'b v "q"'],
  );
});

Deno.test("parseNetrc() unquotes words as curl does", () => {
  assertEquals(summary('machine a login "u v" password "p \\"q\\\\ \\t"'), ['a u v "p "q\\ \t"']);
});

Deno.test("parseNetrc() leaves out entries that lack something", () => {
  assertEquals(summary("machine a login u\nmachine b password p\nmachine"), []);
  assertEquals(summary('machine a login "u'), []);
  assertEquals(summary(""), []);
});

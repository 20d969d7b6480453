import { EnrootError } from "../../diagnostics/mod.ts";

type Environment = Record<string, string | undefined>;

/**
 * The proxy to reach a URL through, as curl(1) reads `http_proxy`, `https_proxy`, `all_proxy` and
 * `no_proxy`; undefined for none. The upper-case names count too, but for `HTTP_PROXY`, which in a
 * CGI program is a header that the client sent.
 *
 * @throws {EnrootError} when the variable holds no URL; its value is not shown, it may have a
 *   password in it
 */
export function proxyFor(url: URL, environment: Environment): string | undefined {
  const names = url.protocol === "https:"
    ? ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    : ["http_proxy", "all_proxy", "ALL_PROXY"];
  const name = names.find((name) => environment[name]);
  if (name === undefined) return undefined;
  if (isExempt(url, environment.no_proxy ?? environment.NO_PROXY ?? "")) return undefined;
  const value = environment[name] ?? "";
  const proxy = /^[a-z0-9]+:\/\//i.test(value) ? value : `http://${value}`;
  if (!URL.canParse(proxy)) throw new EnrootError(`Cannot use the proxy in ${name}: not a URL`);
  return proxy;
}

/** Whether `no_proxy` names the host: `*`, a domain and all below it, an address or a network. */
function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy.split(/[\s,]+/).some((entry) => {
    if (entry === "") return false;
    if (entry === "*") return true;
    if (entry.includes("/")) return isInNetwork(host, entry);
    // Without brackets, the last colon of an IPv6 address begins no port.
    const [, name = "", entryPort] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (host.includes(":")) return entry === host || name === `[${host}]`;
    if (entryPort !== undefined && entryPort !== port) return false;
    const domain = name.replace(/^\*?\./, "");
    return host === domain || host.endsWith(`.${domain}`);
  });
}

/** Whether an IPv4 address lies in a network such as `10.0.0.0/8`. */
function isInNetwork(host: string, network: string): boolean {
  const [base = "", length = ""] = network.split("/");
  const address = ipv4Number(host);
  const start = ipv4Number(base);
  const bits = Number(length);
  if (address === undefined || start === undefined || !(bits >= 0 && bits <= 32)) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(address / size) === Math.floor(start / size);
}

function ipv4Number(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  return text.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

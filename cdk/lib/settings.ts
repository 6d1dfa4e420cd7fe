/** What an operator chooses: the values of `-c name=value`, checked, with every fault named at once. */

import { resolve } from "node:path";
import type { Node } from "constructs";

/** Somebody else's OpenID Connect issuer. */
export interface Issuer {
  readonly url: string;
  readonly audience: readonly string[];
}

/** Where the functions' programs come from. */
export type CodeSource = { readonly kind: "placeholder" } | { readonly kind: "folder"; readonly path: string };

/** What an operator chooses. */
export interface Settings {
  /** The desk's name; every physical name begins with it. */
  readonly desk: string;
  readonly code: CodeSource;
  readonly arch: "arm64" | "x86_64";
  /** Whose tokens the API takes; a user pool is made when there is none. */
  readonly issuer: Issuer | undefined;
  readonly marketDataUrl: string;
  readonly alarmEmail: string | undefined;
  readonly budgetUsd: number;
  /** How many executions are kept free for the kill switch. */
  readonly reserveForKill: number | undefined;
  /** From which age on market data is stale. */
  readonly dataStaleSeconds: number;
}

/** Where `cargo xtask package` puts the functions. */
const PACKAGED = resolve(import.meta.dirname, "../../target/functions");

/** Two bars of an hour and a minute or two: one bar was missed, and so was the chance to catch up. */
const STALE_SECONDS = 2 * 3600 + 300;

/** Reads the context, or throws an error that lists everything wrong with it. */
export function readSettings(node: Node): Settings {
  const faults: string[] = [];
  const text = (name: string): string | undefined => {
    const value: unknown = node.tryGetContext(name);
    return value === undefined || value === "" ? undefined : String(value);
  };
  const checked = (name: string, otherwise: string, form: RegExp, meaning: string): string => {
    const value = text(name) ?? otherwise;
    if (!form.test(value)) faults.push(`${name}=${JSON.stringify(value)}: must be ${meaning}`);
    return value;
  };
  const whole = (name: string, least: number): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number < least) {
      faults.push(`${name}=${JSON.stringify(value)}: must be a whole number, ${least} or more`);
    }
    return number;
  };

  const meaning = "2 to 20 lower-case letters, digits and single hyphens, beginning with a letter";
  const desk = checked("desk", "ballast", /^(?=.{2,20}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/, meaning);
  const arch = checked("arch", "arm64", /^(arm64|x86_64)$/, "arm64 or x86_64") as Settings["arch"];
  const marketDataUrl = checked("marketDataUrl", "https://data-api.binance.vision", /^https?:\/\/\S+$/, "a URL");
  const alarmEmail = text("alarmEmail");
  if (alarmEmail !== undefined && !/^[^@\s]+@[^@\s]+$/.test(alarmEmail)) {
    faults.push(`alarmEmail=${JSON.stringify(alarmEmail)}: must be an e-mail address`);
  }
  const issuer = readIssuer(text("issuer"), text("audience"), faults);
  const reserveForKill = whole("reserveForKill", 1);
  const budgetUsd = whole("budgetUsd", 1) ?? 10;
  const dataStaleSeconds = whole("dataStaleSeconds", 60) ?? STALE_SECONDS;
  if (faults.length > 0) throw new Error(`The context can't be used:\n  - ${faults.join("\n  - ")}`);

  const code = text("code");
  return {
    desk,
    code: code === "placeholder" ? { kind: code } : { kind: "folder", path: code ? resolve(code) : PACKAGED },
    arch,
    marketDataUrl,
    budgetUsd,
    dataStaleSeconds,
    issuer,
    alarmEmail,
    reserveForKill,
  };
}

function readIssuer(url: string | undefined, audience: string | undefined, faults: string[]): Issuer | undefined {
  if (url === undefined && audience === undefined) return undefined;
  const list = (audience ?? "").split(",").map((one) => one.trim()).filter((one) => one !== "");
  if (url === undefined || !/^https:\/\/\S+$/.test(url)) faults.push("issuer: must be an https URL, beside audience");
  if (list.length === 0) faults.push("audience: an issuer needs at least one (-c audience=A[,B])");
  return { url: url ?? "", audience: list };
}

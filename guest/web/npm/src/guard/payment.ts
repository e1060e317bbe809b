/**
 * What a payment of x402 and its receipt say, for records and for what becomes of the money held.
 *
 * Whether a payment may be made, and what it costs, is the engine's to say: it reads the same header by
 * itself, strictly, before anything leaves. What is read here comes after that.
 */

import { asObject, asText, decodeBase64Object } from "./base64.js";
import type { Json } from "./core.js";
import { isPayment, type Captured } from "./request.js";

/** What records say of a payment. */
export interface PaymentFacts {
  readonly amountRaw: string;
  readonly asset: string;
  readonly network: string;
  readonly scheme: string;
  readonly payer: string;
  readonly payee: string;
  /** The payment as a call has it, without what pays; null for version 1, whose names of networks the engine translates. */
  readonly member: Json | null;
}

/** Whether a request carries a payment in a header. */
export function carriesPayment(captured: Captured): boolean {
  return captured.headers.some(([name]) => isPayment(name));
}

/** What the payment of a request says; null where there is none or it says nothing. */
export function paymentOf(captured: Captured): PaymentFacts | null {
  const values = captured.headers.filter(([name]) => isPayment(name));
  const own = values.length === 1 ? decodeBase64Object(values[0]?.[1] ?? "") : null;
  if (own === null) return null;
  const authorization = asObject(asObject(own["payload"])?.["authorization"]);
  const accepted = asObject(own["accepted"]);
  const version = own["x402Version"] === 2 ? 2 : 1;
  const amountRaw = asText(authorization?.["value"], 78);
  const payee = asText(authorization?.["to"]);
  const network = asText((accepted ?? own)["network"]);
  const scheme = asText((accepted ?? own)["scheme"]);
  if (amountRaw === null || payee === null || network === null || scheme === null) return null;
  const asset = version === 2 ? asText(accepted?.["asset"]) : null;
  return {
    amountRaw,
    asset: asset ?? "",
    network,
    scheme,
    payer: asText(authorization?.["from"]) ?? "",
    payee,
    member: asset === null ? null : { version, scheme, network, asset, amount: amountRaw, payTo: payee },
  };
}

/** What a server says became of a payment. */
export interface Receipt {
  /** Null where it says nothing that can be read. */
  readonly success: boolean | null;
  readonly transaction: string | null;
  readonly payer: string | null;
}

/** The receipt of an answer; null where it has none. */
export function receiptOf(response: Response): Receipt | null {
  const texts = ["payment-response", "x-payment-response"].flatMap((name) => response.headers.get(name) ?? []);
  if (texts.length === 0) return null;
  const read = texts.map((text) => decodeBase64Object(text));
  const said = read.map((own) => (typeof own?.["success"] === "boolean" ? own["success"] : null));
  // Of several, one that says that money went counts.
  const success = said.includes(true) ? true : said.includes(null) ? null : false;
  const first = read.find((own) => own !== null) ?? null;
  return { success, transaction: asText(first?.["transaction"]), payer: asText(first?.["payer"]) };
}

/** What became of the money of a request that paid. */
export type Settlement = "settled" | "unsettled" | "unknown";

/** By what the server answered. Only a plain word that nothing was settled frees the money. */
export function settlementOf(response: Response): Settlement {
  const receipt = receiptOf(response);
  if (receipt?.success === true) return "settled";
  if (receipt?.success === false) return "unsettled";
  if (receipt === null && response.status === 402) return "unsettled";
  return "unknown";
}

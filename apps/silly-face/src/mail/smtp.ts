import { createTransport, type NodemailerError } from 'nodemailer';
import type { Letter } from './letter.ts';
import { DeliveryError, type Transport } from './outbox.ts';

/** Who sends to whom. */
export interface Addresses {
  readonly from: string;
  readonly to: string;
}

/** Through the server of this URL, a connection a letter: they are few, and a kept one would be cut while it idles. */
export class SmtpTransport implements Transport {
  readonly #url: URL;
  readonly #mail;

  constructor(smtpUrl: string, addresses: Addresses) {
    this.#url = new URL(smtpUrl);
    this.#mail = createTransport({ url: smtpUrl, ...limits }, { ...addresses, headers });
  }

  async send({ subject, text }: Letter, signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.timeout(TOTAL_LIMIT_MS);
    try {
      await this.#mail.sendMail({ subject, text, signal: AbortSignal.any([signal, limit]) });
    } catch (error) {
      throw this.#failure(error as NodemailerError);
    }
  }

  #failure(cause: NodemailerError): DeliveryError {
    const message = `Send a mail through ${this.#url.host}: ${this.#withoutSecrets(cause.message)}`;
    // 4yz is for now, 5yz for good; who is refused a login may be let in when a directory behind the server is back.
    const isRefused = (cause.responseCode ?? 0) >= 500 && cause.code !== 'EAUTH';
    // The cause itself may hold what was sent to the server.
    return new DeliveryError(message, { isRefused });
  }

  #withoutSecrets(text: string): string {
    const { username, password } = this.#url;
    const encoded = [username, password].filter((value) => value !== '');
    const secrets = [...encoded, ...encoded.map((value) => decodeURIComponent(value))];
    return secrets.reduce((result, secret) => result.replaceAll(secret, '…'), text);
  }
}

const headers = { 'Auto-Submitted': 'auto-generated' };

// A server that is there answers within moments; one that drips its answers has no more than the total.
const limits = {
  dnsTimeout: 5_000,
  connectionTimeout: 10_000,
  greetingTimeout: 10_000,
  socketTimeout: 20_000,
  socketCloseTimeout: 1_000,
};
const TOTAL_LIMIT_MS = 60_000;

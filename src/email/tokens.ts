import type { Keyring } from "../lib/keyring.ts";
import { createRecentCache } from "../lib/recent-cache.ts";
import { openLinkToken, type SealedLink, sealLinkToken } from "./link-token.ts";
import { openRecipientToken, type Recipient, sealRecipientToken } from "./recipient-token.ts";

/** Seals and opens the two parts of a tracking URL. No database, no clock. */
export interface Tokens {
  sealLink(link: SealedLink): string;
  /** Undefined when forged, cut, extended or under a key that is no longer accepted. */
  openLink(token: string): SealedLink | undefined;
  sealRecipient(workspaceId: number, recipient: Recipient): string;
  openRecipient(workspaceId: number, token: string): Recipient | undefined;
}

/** Distinct links kept, each way; an entry takes about 1 kB. */
const CACHED_LINKS = 10_000;

/** Recipient parts kept: who opens all links of a mail at once, as scanners do, shows the same one every time. */
const CACHED_RECIPIENTS = 10_000;

/** Links to one destination that are kept: a mail has a few, the campaigns of a day some more. */
const MOST_OF_ONE = 16;

/**
 * Makes the tokens of a service.
 *
 * What was opened is cached by its text, so a hot link costs a look-up: its MAC was checked when it
 * went in. Only genuine ones go in, so forged ones cannot push them out.
 */
export function createTokens({ keyring }: { readonly keyring: Keyring }): Tokens {
  const linkKeys = keyring.keysFor("link");
  const recipientKeys = keyring.keysFor("recipient");
  const opened = createRecentCache<SealedLink>(CACHED_LINKS);
  const recipients = createRecentCache<OpenedRecipient>(CACHED_RECIPIENTS);
  const sealed = createRecentCache<readonly SealedToken[]>(CACHED_LINKS);

  return {
    sealLink(link) {
      const known = sealed.get(link.destination) ?? [];
      const same = known.find((one) => isSameLink(one.link, link));
      if (same) return same.token;
      const token = sealLinkToken(link, linkKeys);
      sealed.set(link.destination, [...known.slice(1 - MOST_OF_ONE), { link, token }]);
      return token;
    },
    openLink(token) {
      const known = opened.get(token);
      if (known) return known;
      const link = openLinkToken(token, linkKeys);
      if (link) opened.set(token, link);
      return link;
    },
    sealRecipient: (workspaceId, recipient) =>
      sealRecipientToken(workspaceId, recipient, recipientKeys),
    openRecipient(workspaceId, token) {
      const known = recipients.get(token);
      if (known?.workspaceId === workspaceId) return known.recipient;
      const recipient = openRecipientToken(workspaceId, token, recipientKeys);
      if (recipient) recipients.set(token, { workspaceId, recipient });
      return recipient;
    },
  };
}

/** A recipient part is genuine in one workspace only. */
interface OpenedRecipient {
  readonly workspaceId: number;
  readonly recipient: Recipient;
}

/** A link and its token, found by the destination: a key of all that a link is would have to be put together first. */
interface SealedToken {
  readonly link: SealedLink;
  readonly token: string;
}

function isSameLink(a: SealedLink, b: SealedLink): boolean {
  return (
    a.index === b.index &&
    a.campaignId === b.campaignId &&
    a.workspaceId === b.workspaceId &&
    a.purpose === b.purpose &&
    a.hasSlots === b.hasSlots &&
    a.isTemplate === b.isTemplate &&
    a.destination === b.destination
  );
}

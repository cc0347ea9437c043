import { createRequestReader } from "../collect/kept-requests.ts";
import type { Erasures } from "../contacts/privacy/erasures.ts";
import { acquireInstanceLock, type InstanceLock } from "../db/sqlite/lock.ts";
import { errorCode } from "../lib/errors.ts";
import { createId, createSecret } from "../lib/ids.ts";
import { createImporter } from "../log/importer.ts";
import { openJournal } from "../log/journal.ts";
import type { Inbox } from "../privacy.ts";
import { createCommandPrivacy } from "./command-privacy.ts";
import {
  type CommandContext,
  requireProjections,
  type WorkspaceOption,
  withContext,
  workspaceOf,
} from "./context.ts";

interface ForgetOptions extends WorkspaceOption {
  readonly json?: boolean;
}

/** Who is to be erased, and how the receipt is printed. */
interface Wanted {
  readonly workspaceId: number;
  readonly id: string;
  readonly json: boolean;
}

const CLI_ACTOR = { kind: "cli", id: "forget" } as const;
/** A running service lets go of nothing: it does the work then, and this only waits. */
const LOCK_WAIT_MS = 300;
const REPORT_MS = 1000;
const IMPORT_MS = 60_000;

/** `clicktrail forget ID`: erases a contact, in the running service or, where none runs, here. */
export async function forget(id: string, options: ForgetOptions): Promise<void> {
  await withContext(async (context) => {
    await requireProjections(context.storage);
    const workspaceId = await workspaceOf(context, options);
    const wanted = { workspaceId, id, json: options.json ?? false };
    const lock = await lockIfFree(context);
    try {
      await (lock ? eraseHere(context, wanted) : eraseThere(context, wanted));
    } finally {
      await lock?.release();
    }
  });
}

async function lockIfFree({ storage }: CommandContext): Promise<InstanceLock | undefined> {
  try {
    return await acquireInstanceLock(storage.folder.path, LOCK_WAIT_MS);
  } catch (error) {
    if (errorCode(error) === "cannot_start") return undefined;
    throw error;
  }
}

async function eraseThere(context: CommandContext, wanted: Wanted): Promise<void> {
  const privacy = createCommandPrivacy(context);
  const nothing: Inbox = { emptyJournal: async () => {}, isSettled: async () => true };
  const erasures = privacy.createErasures(createOwner(), nothing, false);
  await privacy.start();
  try {
    await report(erasures, wanted);
  } finally {
    privacy.stop();
  }
}

/** Without a service the journal may hold what was never imported: it comes in first, screened. */
async function eraseHere(context: CommandContext, wanted: Wanted): Promise<void> {
  const { storage, now } = context;
  const { db, folder } = storage;
  const newId = () => createId(now());
  const privacy = createCommandPrivacy(context);
  const journal = await openJournal({
    folder: folder.journal,
    createId: newId,
    monotonicNow: () => performance.now(),
  });
  const readRequests = createRequestReader(context.config.CLICK_PARAM);
  const importer = createImporter({
    journal,
    db,
    nodeId: await folder.readNodeId(),
    createId: newId,
    now,
    readRequests: async (json) => readRequests(json),
    screen: privacy.screenJournal(journal).screen,
    onTrouble: ({ kind, error }) => console.error(`The import has trouble: ${kind}`, error ?? ""),
  });
  await privacy.start();
  importer.start();
  const inbox: Inbox = {
    async emptyJournal() {
      if (!(await importer.drained(IMPORT_MS))) throw new Error("The journal cannot be imported.");
    },
    isSettled: () => importer.drained(IMPORT_MS),
  };
  const erasures = privacy.createErasures(createOwner(), inbox);
  try {
    erasures.start();
    await report(erasures, wanted);
  } finally {
    await erasures.stop();
    await importer.stop();
    await journal.close();
    privacy.stop();
  }
}

function createOwner(): string {
  return `cli-${createSecret(8)}`;
}

async function report(erasures: Erasures, { workspaceId, id, json }: Wanted): Promise<void> {
  let erasure = await erasures.request(workspaceId, id, CLI_ACTOR);
  while (erasure.state === "running") {
    erasure = await erasures.waitFor(workspaceId, erasure.id, REPORT_MS);
    const percent = Math.floor(erasure.progress * 100);
    if (erasure.state === "running") console.error(`Searched ${percent} % of the log.`);
  }
  if (json) {
    console.log(JSON.stringify(erasure, null, 2));
    return;
  }
  const { events, redacted, failed_events, visitors } = erasure.counts;
  console.log(
    `Erased: ${events} events, ${visitors} visitors, ${failed_events} refused events; ` +
      `${redacted} mentions taken out. Receipt ${erasure.receipt}`,
  );
}

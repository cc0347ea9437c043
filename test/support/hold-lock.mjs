// Holds the instance lock of a folder (first argument) until it is killed; prints "held" once it has it.
import { acquireInstanceLock } from "../../dist/db/sqlite/lock.js";

await acquireInstanceLock(process.argv[2]);
setInterval(() => undefined, 1000);
process.stdout.write("held");

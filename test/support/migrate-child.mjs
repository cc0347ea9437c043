// Migrates a database in a process of its own, so that a test can kill it.
// Arguments: engine, location (file or URL), folder of migrations.
import { migrate } from "../../dist/db/migrate.js";
import { openPostgres } from "../../dist/db/postgres.js";
import { openSqlite } from "../../dist/db/sqlite/adapter.js";

const [, , engine, location, folder] = process.argv;
const db = engine === "sqlite" ? openSqlite({ file: location }) : openPostgres({ url: location });
await migrate(db, folder);
await db.close();

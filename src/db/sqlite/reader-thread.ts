import { workerData } from "node:worker_threads";
import { createReader } from "./reader.ts";
import { serveRequests } from "./serve-requests.ts";

serveRequests(createReader(workerData));

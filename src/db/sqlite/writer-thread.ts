import { workerData } from "node:worker_threads";
import { serveRequests } from "./serve-requests.ts";
import { createWriter } from "./writer.ts";

serveRequests(createWriter(workerData));

import fc from "fast-check";

// The same examples on every run, so that a failure is the change's; others by hand: FC_SEED=$RANDOM npm test
fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 20261124) });

/**
 * Properties draw from a fixed seed in `npm test`, so that a run says something about the change and not about luck;
 * `SLUICE_PROPERTY_SEED=random` (as `npm run soak` sets it) or a number draws others.
 */
import fc from "fast-check";

const wanted = process.env.SLUICE_PROPERTY_SEED ?? "20261129";
if (wanted !== "random") fc.configureGlobal({ seed: Number(wanted) });

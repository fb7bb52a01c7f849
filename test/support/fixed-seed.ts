import fc from 'fast-check';

/** The same inputs in every run; `FC_SEED=1234 npm test` looks at others. */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['FC_SEED'] ?? 20_171_117) });
